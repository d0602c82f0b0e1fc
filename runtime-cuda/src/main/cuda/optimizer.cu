// Parameter updates.
#include "common.cuh"
#include "stochastic.cuh"

// AdamW; see OptimizerOps. p, g, m, v (n). c1 = 1 - beta1^step, c2 = 1 - beta2^step. Traffic with fp32 everywhere: 16 n bytes read, 12 n written.
// Example: p 1, g 1, m = v = 0, lr 0.1, decay 0, betas 0.9 and 0.95, eps 0, step 1: m 0.1, v 0.05, p = 1 - 0.1 * (0.1 / 0.1) / sqrt(0.05 / 0.05) = 0.9.
struct AdamW {
    float lr, b1, b2, eps, decay, gradientScale, c1, c2;
    int stochastic;
    unsigned long long counter; // counter of element 0; see Rounding.Stochastic

    __device__ __forceinline__ void step(float& p, float g, float& m, float& v) const {
        g *= gradientScale;
        p -= lr * decay * p;
        m = fmaf(b1, m, (1.f - b1) * g);
        v = fmaf(b2, v, (1.f - b2) * g * g);
        p -= lr * (m / c1) / (sqrtf(v / c2) + eps);
    }

    __device__ __forceinline__ float rounded(float p, long long i) const { return stochastic ? roundedStochastically(p, counter, i) : p; }
};

// Four fp32 elements in one access, or eight of any type.
__device__ __forceinline__ void loadSome(const float* p, float (&v)[4]) {
    Vec<float> a = Vec<float>::load(p);
#pragma unroll
    for (int j = 0; j < 4; j++) v[j] = a.v[j];
}
__device__ __forceinline__ void storeSome(float* p, const float (&v)[4]) {
    Vec<float> a;
#pragma unroll
    for (int j = 0; j < 4; j++) a.v[j] = v[j];
    a.store(p);
}
template <typename T> __device__ __forceinline__ void loadSome(const T* p, float (&v)[8]) { loadEight(p, v); }
template <typename T> __device__ __forceinline__ void storeSome(T* p, const float (&v)[8]) { storeEight(p, v); }

__device__ __forceinline__ void storeSome(bf16* p, const float (&v)[4]) {
    __nv_bfloat162 low = __floats2bfloat162_rn(v[0], v[1]), high = __floats2bfloat162_rn(v[2], v[3]);
    __stwb(reinterpret_cast<uint2*>(p), make_uint2(*reinterpret_cast<unsigned*>(&low), *reinterpret_cast<unsigned*>(&high)));
}

// A thread updates as many elements as a 16-byte access to the argument with the narrowest type has: with fp32 everywhere, thread 1 has elements 4 to 7; with a
// bf16 gradient, 8 to 15. With COPY, the new parameters are also stored as bf16: 2 bytes more per parameter; a separate conversion would move 6.
template <bool COPY, typename P, typename G, typename M>
__device__ void adamw(P* p, const G* g, M* m, M* v, long long n, AdamW a, bf16* converted) {
    constexpr int N = sizeof(P) == 2 || sizeof(G) == 2 || sizeof(M) == 2 ? 8 : 4;
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    const bool wide = (((uint64_t)p | (uint64_t)g | (uint64_t)m | (uint64_t)v) & 15) == 0 && ((uint64_t)converted & (2 * N - 1)) == 0;
    long long groups = wide ? n / N : 0;
    for (long long i = first; i < groups; i += stride) {
        float x[N], grad[N], m1[N], v1[N];
        loadSome(p + i * N, x);
        loadSome(g + i * N, grad);
        loadSome(m + i * N, m1);
        loadSome(v + i * N, v1);
#pragma unroll
        for (int j = 0; j < N; j++) {
            a.step(x[j], grad[j], m1[j], v1[j]);
            x[j] = a.rounded(x[j], i * N + j);
        }
        storeSome(p + i * N, x);
        storeSome(m + i * N, m1);
        storeSome(v + i * N, v1);
        if constexpr (COPY) storeSome(converted + i * N, x);
    }
    for (long long i = groups * N + first; i < n; i += stride) {
        float x = load(p + i), m1 = load(m + i), v1 = load(v + i);
        a.step(x, load(g + i), m1, v1);
        store(p + i, a.rounded(x, i));
        store(m + i, m1);
        store(v + i, v1);
        if constexpr (COPY) store(converted + i, x);
    }
}
#define ADAMW(name, COPY, P, G, M)                                                                                                   \
    extern "C" __global__ void name(P* p, const G* g, M* m, M* v, long long n, float lr, float b1, float b2, float eps, float decay,    \
                                    float gradientScale, float c1, float c2, int stochastic, unsigned long long counter,                \
                                    bf16* converted) {                                                                                  \
        adamw<COPY>(p, g, m, v, n, AdamW{lr, b1, b2, eps, decay, gradientScale, c1, c2, stochastic, counter}, converted);               \
    }
ADAMW(adamw_f32_f32_f32, false, float, float, float)
ADAMW(adamw_f32_f32_bf16, false, float, float, bf16)
ADAMW(adamw_f32_bf16_f32, false, float, bf16, float)
ADAMW(adamw_f32_bf16_bf16, false, float, bf16, bf16)
ADAMW(adamw_bf16_f32_f32, false, bf16, float, float)
ADAMW(adamw_bf16_f32_bf16, false, bf16, float, bf16)
ADAMW(adamw_bf16_bf16_f32, false, bf16, bf16, float)
ADAMW(adamw_bf16_bf16_bf16, false, bf16, bf16, bf16)
ADAMW(adamw_converted_f32_f32, true, float, float, float)
ADAMW(adamw_converted_f32_bf16, true, float, float, bf16)
ADAMW(adamw_converted_bf16_f32, true, float, bf16, float)
ADAMW(adamw_converted_bf16_bf16, true, float, bf16, bf16)

// partial[block] = sum of squares of the block's elements (strided by the grid), in a fixed order. Traffic: n elements read. Example: [3, 4]: 25.
template <typename T> __device__ void squares(const T* x, long long n, float* partial) {
    __shared__ float scratch[32];
    float sum = 0.f;
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    long long groups = ((uint64_t)x & 15) == 0 ? n / 8 : 0;
    for (long long i = first; i < groups; i += stride) {
        float v[8];
        loadEight(x + i * 8, v);
#pragma unroll
        for (int j = 0; j < 8; j++) sum = fmaf(v[j], v[j], sum);
    }
    for (long long i = groups * 8 + first; i < n; i += stride) {
        float v = load(x + i);
        sum = fmaf(v, v, sum);
    }
    sum = blockSum(sum, scratch);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
#define SQUARES(name, T) \
    extern "C" __global__ void squares_##name(const T* x, long long n, float* partial) { squares(x, n, partial); }
FOR_EACH_TYPE(SQUARES)

// sum[0] += the partial sums; one block, in a fixed order. Traffic: 4 n bytes read. Example: [1, 2], sum 10: 13.
extern "C" __global__ void add_squares(const float* partial, int n, float* sum) {
    __shared__ float scratch[32];
    float own = 0.f;
    for (int i = threadIdx.x; i < n; i += blockDim.x) own += partial[i];
    own = blockSum(own, scratch);
    if (threadIdx.x == 0) sum[0] += own;
}
