// Muon's updates; see OptimizerOps. Its matrix products are those of the device.
#include "common.cuh"
#include "stochastic.cuh"

// m = beta m + (1 - beta) g, where g has been multiplied by gradientScale and rest = 1 - beta; then update = beta m + (1 - beta) g in Nesterov's form,
// otherwise m. Traffic with fp32 everywhere: 8 n bytes read, 8 n written.
// Example: g 1, m 0, beta 0.75: m 0.25, update 0.75 * 0.25 + 0.25 = 0.4375.
template <typename G, typename M, typename U>
__device__ void momentum(const G* g, M* m, U* u, long long n, float beta, float rest, float gradientScale, int nesterov) {
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += stride) {
        float scaled = gradientScale * load(g + i) * rest;
        float next = fmaf(beta, load(m + i), scaled);
        store(u + i, nesterov ? fmaf(beta, next, scaled) : next);
        store(m + i, next);
    }
}
#define MOMENTUM(name, G, M, U)                                                                                                        \
    extern "C" __global__ void name(const G* g, M* m, U* u, long long n, float beta, float rest, float gradientScale, int nesterov) {    \
        momentum(g, m, u, n, beta, rest, gradientScale, nesterov);                                                                        \
    }
MOMENTUM(momentum_f32_f32_f32, float, float, float)
MOMENTUM(momentum_f32_f32_bf16, float, float, bf16)
MOMENTUM(momentum_f32_bf16_f32, float, bf16, float)
MOMENTUM(momentum_f32_bf16_bf16, float, bf16, bf16)
MOMENTUM(momentum_bf16_f32_f32, bf16, float, float)
MOMENTUM(momentum_bf16_f32_bf16, bf16, float, bf16)
MOMENTUM(momentum_bf16_bf16_f32, bf16, bf16, float)
MOMENTUM(momentum_bf16_bf16_bf16, bf16, bf16, bf16)

// out = x / max(sqrt(sum), least). Traffic: n elements read, n written. Example: x [3, 4], sum 25: [0.6, 0.8].
template <typename X, typename Y> __device__ void normalize(const X* x, const float* sum, float least, Y* out, long long n) {
    float norm = sqrtf(sum[0]);
    float divisor = norm < least ? least : norm; // a NaN stays
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += stride) store(out + i, load(x + i) / divisor);
}
// p = keep * p - rate * u, where u is the update. Traffic: 2 n elements read, n written. Example: p 1, u 2, keep 0.5, rate 0.1: 0.3.
template <typename P, typename U>
__device__ void descend(P* p, const U* u, long long n, float rate, float keep, int stochastic, unsigned long long counter) {
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += stride) {
        float next = keep * load(p + i) - rate * load(u + i);
        store(p + i, stochastic ? roundedStochastically(next, counter, i) : next);
    }
}
#define FOR_TWO_TYPES(A, a, B, b)                                                                                                      \
    extern "C" __global__ void normalize_##a##_##b(const A* x, const float* sum, float least, B* out, long long n) {                     \
        normalize(x, sum, least, out, n);                                                                                                 \
    }                                                                                                                                     \
    extern "C" __global__ void descend_##a##_##b(A* p, const B* u, long long n, float rate, float keep, int stochastic,                  \
                                                 unsigned long long counter) {                                                           \
        descend(p, u, n, rate, keep, stochastic, counter);                                                                                \
    }
FOR_TWO_TYPES(float, f32, float, f32)
FOR_TWO_TYPES(float, f32, bf16, bf16)
FOR_TWO_TYPES(bf16, bf16, float, f32)
FOR_TWO_TYPES(bf16, bf16, bf16, bf16)
