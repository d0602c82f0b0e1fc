// Offset-aware SwiGLU. Rows at or beyond the last offset are never touched. Each thread reads the row limit once, and a fixed grid of warps strides over the
// rows below it, so the cost depends on the active rows only, not on the capacity. One warp handles a row, so row sums have a fixed order: each lane adds up
// every 32nd 16-byte vector, then a butterfly of shuffles adds the lanes. The Java twin is CpuSwiGlu, which has the same example: gate 1, up 2, weight 0.5:
// h = 0.731059; with dh = 1: dup = 0.365529, dgate = 0.927671, dweight = 1.462117.
#include "elements.cuh"

static constexpr int SWIGLU_THREADS = 256;  // as in Grid.Grids.swiglu
static constexpr int PASS = 3;              // 16-byte loads of each input that a lane keeps in flight

// 1 / (1 + exp(-x)). For bf16: a fast exponential, whose error is 2 units in the last place plus a part that grows with |x|. For fp32: an accurate exponential
// and a correctly rounded division; far below zero, exp(-x) is infinite and the result is 0.
__device__ __forceinline__ float sigmoid(float x, bf16) { return __fdividef(1.f, 1.f + __expf(fminf(-x, 88.f))); }
__device__ __forceinline__ float sigmoid(float x, float) { return 1.f / (1.f + expf(-x)); }

template <typename T>
__device__ __forceinline__ float forwardOf(float g, float u, float weight) {
    return g * sigmoid(g, T()) * u * weight;
}

// h[r, f] = weight[r] * silu(gate[r, f]) * up[r, f] for r < R. gate, up, h (R_max, F) with row strides; weights (R_max) or null.
// Traffic: 3 R F elements: with R 98304, F 1408, bf16: 830 MB, 194 us at 4274 GB/s.
template <typename T>
__device__ __forceinline__ void swigluForward(const T* gate, long long gateStride, const T* up, long long upStride, const float* weights, const int* offsets, int experts,
                                              int features, long long capacity, T* h, long long hStride) {
    constexpr int N = Vec<T>::N, P = PASS;
    const long long rows = rowEnd(offsets, experts - 1, capacity);
    const bool wide = aligned16(gate, gateStride) && aligned16(up, upStride) && aligned16(h, hStride);
    const int vectors = wide ? features / N : 0, lane = threadIdx.x & 31;
    for (long long r = blockIdx.x * (long long)(SWIGLU_THREADS / 32) + (threadIdx.x >> 5); r < rows; r += (long long)gridDim.x * (SWIGLU_THREADS / 32)) {
        const T *g = gate + r * gateStride, *u = up + r * upStride;
        T* out = h + r * hStride;
        const float weight = weights ? weights[r] : 1.f;
        for (int v0 = lane; v0 < vectors; v0 += 32 * P) {
            Vec<T> gv[P], uv[P];
#pragma unroll
            for (int p = 0; p < P; p++) {
                if (v0 + 32 * p < vectors) {
                    gv[p] = Vec<T>::load(g + (v0 + 32 * p) * N);
                    uv[p] = Vec<T>::load(u + (v0 + 32 * p) * N);
                }
            }
#pragma unroll
            for (int p = 0; p < P; p++) {
                if (v0 + 32 * p < vectors) {
                    float gf[N], uf[N];
                    gv[p].widen(gf);
                    uv[p].widen(uf);
#pragma unroll
                    for (int i = 0; i < N; i++) gf[i] = forwardOf<T>(gf[i], uf[i], weight);
                    Vec<T>::rounded(gf).store(out + (v0 + 32 * p) * N);
                }
            }
        }
        for (int f = vectors * N + lane; f < features; f += 32) store(out + f, forwardOf<T>(load(g + f), load(u + f), weight));
    }
}

// Replaces g and u by their gradients, and returns d * silu(g) * u: the element's contribution to the gradient of the row's weight.
template <typename T>
__device__ __forceinline__ float backwardOf(float& g, float& u, float d, float weight) {
    const float s = sigmoid(g, T()), silu = g * s, scaled = d * weight, part = d * silu * u;
    g = scaled * u * (s * fmaf(g, 1.f - s, 1.f));
    u = scaled * silu;
    return part;
}

// dup = weight * dh * silu(gate), dgate = weight * dh * up * s * (1 + gate * (1 - s)), dweights[r] = sum over f of dh * silu(gate) * up, for r < R. dgate and
// dup may be the same memory as gate and up: each lane reads an element before it writes there. weights and dweights may be null.
// Traffic: 5 R F elements: with the shapes above 1384 MB, 324 us.
template <typename T>
__device__ __forceinline__ void swigluBackward(const T* gate, long long gateStride, const T* up, long long upStride, const T* dh, long long dhStride, const float* weights,
                                               const int* offsets, int experts, int features, long long capacity, T* dgate, long long dgateStride, T* dup,
                                               long long dupStride, float* dweights) {
    constexpr int N = Vec<T>::N, P = PASS;
    const long long rows = rowEnd(offsets, experts - 1, capacity);
    const bool wide = aligned16(gate, gateStride) && aligned16(up, upStride) && aligned16(dh, dhStride) && aligned16(dgate, dgateStride) && aligned16(dup, dupStride);
    const int vectors = wide ? features / N : 0, lane = threadIdx.x & 31;
    for (long long r = blockIdx.x * (long long)(SWIGLU_THREADS / 32) + (threadIdx.x >> 5); r < rows; r += (long long)gridDim.x * (SWIGLU_THREADS / 32)) {
        const T *g = gate + r * gateStride, *u = up + r * upStride, *d = dh + r * dhStride;
        T *dg = dgate + r * dgateStride, *du = dup + r * dupStride;
        const float weight = weights ? weights[r] : 1.f;
        float sum = 0.f;
        for (int v0 = lane; v0 < vectors; v0 += 32 * P) {
            Vec<T> gv[P], uv[P], dv[P];
#pragma unroll
            for (int p = 0; p < P; p++) {
                if (v0 + 32 * p < vectors) {
                    gv[p] = Vec<T>::load(g + (v0 + 32 * p) * N);
                    uv[p] = Vec<T>::load(u + (v0 + 32 * p) * N);
                    dv[p] = Vec<T>::load(d + (v0 + 32 * p) * N);
                }
            }
#pragma unroll
            for (int p = 0; p < P; p++) {
                if (v0 + 32 * p < vectors) {
                    float gf[N], uf[N], df[N];
                    gv[p].widen(gf);
                    uv[p].widen(uf);
                    dv[p].widen(df);
#pragma unroll
                    for (int i = 0; i < N; i++) sum += backwardOf<T>(gf[i], uf[i], df[i], weight);
                    Vec<T>::rounded(gf).store(dg + (v0 + 32 * p) * N);
                    Vec<T>::rounded(uf).store(du + (v0 + 32 * p) * N);
                }
            }
        }
        for (int f = vectors * N + lane; f < features; f += 32) {
            float gf = load(g + f), uf = load(u + f);
            sum += backwardOf<T>(gf, uf, load(d + f), weight);
            store(dg + f, gf);
            store(du + f, uf);
        }
        if (dweights) {
#pragma unroll
            for (int o = 16; o > 0; o >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, o);
            if (lane == 0) dweights[r] = sum;
        }
    }
}

#define SWIGLU(name, T)                                                                                                                                          \
    extern "C" __global__ void __launch_bounds__(SWIGLU_THREADS)                                                                                                 \
        swiglu_forward_##name(const T* gate, long long gateStride, const T* up, long long upStride, const float* weights, const int* offsets, int experts,       \
                              int features, long long capacity, T* h, long long hStride) {                                                                       \
        swigluForward<T>(gate, gateStride, up, upStride, weights, offsets, experts, features, capacity, h, hStride);                                             \
    }                                                                                                                                                            \
    extern "C" __global__ void __launch_bounds__(SWIGLU_THREADS)                                                                                                 \
        swiglu_backward_##name(const T* gate, long long gateStride, const T* up, long long upStride, const T* dh, long long dhStride, const float* weights,      \
                               const int* offsets, int experts, int features, long long capacity, T* dgate, long long dgateStride, T* dup, long long dupStride,  \
                               float* dweights) {                                                                                                                \
        swigluBackward<T>(gate, gateStride, up, upStride, dh, dhStride, weights, offsets, experts, features, capacity, dgate, dgateStride, dup, dupStride,       \
                          dweights);                                                                                                                             \
    }
SWIGLU(f32, float)
SWIGLU(bf16, bf16)
