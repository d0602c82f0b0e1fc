// Parameter updates.
#include "common.cuh"

// AdamW; see OptimizerOps. c1 = 1 - beta1^step, c2 = 1 - beta2^step. Traffic with fp32 everywhere: 16 n bytes read, 12 n written.
// Example: p 1, g 1, m = v = 0, lr 0.1, decay 0, betas 0.9 and 0.95, eps 0, step 1: m 0.1, v 0.05, p = 1 - 0.1 * (0.1 / 0.1) / sqrt(0.05 / 0.05) = 0.9.
template <typename P, typename G, typename M>
__device__ void adamw(P* p, const G* g, M* m, M* v, long long n, float lr, float b1, float b2, float eps, float decay, float gradientScale, float c1, float c2) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        float x = load(p + i), grad = gradientScale * load(g + i);
        x -= lr * decay * x;
        float m1 = fmaf(b1, load(m + i), (1.f - b1) * grad), v1 = fmaf(b2, load(v + i), (1.f - b2) * grad * grad);
        store(m + i, m1);
        store(v + i, v1);
        store(p + i, x - lr * (m1 / c1) / (sqrtf(v1 / c2) + eps));
    }
}
#define ADAMW(name, P, G, M)                                                                                                                          \
    extern "C" __global__ void name(P* p, const G* g, M* m, M* v, long long n, float lr, float b1, float b2, float eps, float decay, float gradientScale, \
                                    float c1, float c2) {                                                                                             \
        adamw(p, g, m, v, n, lr, b1, b2, eps, decay, gradientScale, c1, c2);                                                                          \
    }
ADAMW(adamw_f32_f32_f32, float, float, float)
ADAMW(adamw_f32_f32_bf16, float, float, bf16)
ADAMW(adamw_f32_bf16_f32, float, bf16, float)
ADAMW(adamw_f32_bf16_bf16, float, bf16, bf16)
ADAMW(adamw_bf16_f32_f32, bf16, float, float)
ADAMW(adamw_bf16_f32_bf16, bf16, float, bf16)
ADAMW(adamw_bf16_bf16_f32, bf16, bf16, float)
ADAMW(adamw_bf16_bf16_bf16, bf16, bf16, bf16)

// partial[block] = sum of squares of the block's elements (strided by the grid), fixed order. Traffic: n elements. Example: [3, 4]: 25.
template <typename T> __device__ void squares(const T* x, long long n, float* partial) {
    __shared__ float scratch[32];
    float sum = 0.f;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        float v = load(x + i);
        sum = fmaf(v, v, sum);
    }
    sum = blockSum(sum, scratch);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
#define SQUARES(name, T) \
    extern "C" __global__ void squares_##name(const T* x, long long n, float* partial) { squares(x, n, partial); }
FOR_EACH_TYPE(SQUARES)
