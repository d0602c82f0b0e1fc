// Dense products of e4m3 numbers with scales. On Hopper, they are grouped products with one expert: instances of f8_rows_sm90.cuh and f8_columns_sm90.cuh,
// which give the traffic. The readable kernel computes what these do not cover.
#include "bf16.cuh"
#include "f8_columns_sm90.cuh"
#include "f8_rows_sm90.cuh"
#include "scaled_sum.cuh"

// c (m, n) = alpha * a (m, k) * b (n, k)^T + beta * c, one element per thread, with the same bits as on the CPU. If beta is 0, c is not read. Traffic: 2 bytes
// per term, mostly from the caches. Example: a = [16, 16], scale 2, b = [1, 3], scale 0.5, alpha 0.5, beta 1, c = 1: 0.5 * 64 + 1 = 33.
#define MATMUL_F8(T, type)                                                                                                                                     \
    extern "C" __global__ void matmul_f8_e4m3_##type(const unsigned char* a, long long aOuter, long long aInner, const float* scalesA, long long scalesAOuter,  \
                                                     long long scalesAInner, long long blockAOuter, long long blockAInner, const unsigned char* b,            \
                                                     long long bOuter, long long bInner, const float* scalesB, long long scalesBOuter, long long scalesBInner, \
                                                     long long blockBOuter, long long blockBInner, T* c, long long stride, long long m, long long n,           \
                                                     long long k, float alpha, float beta) {                                                                   \
        const ScaledOperand left = {a, aOuter, aInner, scalesA, scalesAOuter, scalesAInner, blockAOuter, blockAInner};                                         \
        const ScaledOperand right = {b, bOuter, bInner, scalesB, scalesBOuter, scalesBInner, blockBOuter, blockBInner};                                        \
        for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < m * n; i += (long long)gridDim.x * blockDim.x) {                              \
            T* to = c + i / n * stride + i % n;                                                                                                                \
            const float product = __fmul_rn(alpha, scaledSum(left, i / n, right, i % n, 0, k));                                                                \
            store(to, beta == 0.f ? product : __fadd_rn(product, __fmul_rn(beta, load(to))));                                                                  \
        }                                                                                                                                                      \
    }
MATMUL_F8(float, f32)
MATMUL_F8(bf16, bf16)

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
// c (m, n), a (m, k), b (1, n, k); boxes of 128 rows. A scale of a is for 128 terms of one row, one of b for 128 x 128 elements.
#define MATMUL_F8_ROWS(T, type)                                                                                                                                \
    extern "C" __global__ void __launch_bounds__(f8::THREADS, 1)                                                                                               \
        matmul_rows_f8_e4m3_##type##_sm90(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, int m, int n, int k, const float* scalesA, \
                                          int scalesARow, int scalesASlice, const float* scalesB, int scalesBRow, int scalesBSlice, T* c, long long stride,    \
                                          int accumulate) {                                                                                                    \
        f8::rows::product<T>(a, b,                                                                                                                             \
                             {nullptr, 1, 0, n, k, m, scalesA, scalesARow, scalesASlice, scalesB, scalesBRow, scalesBSlice, 0, c, 0, stride, accumulate != 0}); \
    }
MATMUL_F8_ROWS(bf16, bf16)
MATMUL_F8_ROWS(float, f32)

// c (m, n), a (m, k), boxes of BM rows; b (n, k), boxes of 128 rows. A scale is for 128 terms of one row; scales lie as in grouped_gemm_f8_sm90.cu.
#define MATMUL_F8_COLUMNS(T, type, BM)                                                                                                                          \
    extern "C" __global__ void __launch_bounds__(f8::THREADS, 1)                                                                                               \
        matmul_columns_f8_e4m3_##type##_sm90_##BM(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, int m, int n, int k,                    \
                                             const float* scalesA, int scalesARow, int scalesASlice, const float* scalesB, int scalesBSlice, T* c,             \
                                             long long stride, int accumulate) {                                                                               \
        f8::columns::product<BM, T>(a, b, {nullptr, 1, m, n, 0, k, scalesA, scalesARow, scalesASlice, scalesB, 0, scalesBSlice, 0, c, 0, stride, accumulate != 0}); \
    }
MATMUL_F8_COLUMNS(float, f32, 128)
MATMUL_F8_COLUMNS(float, f32, 256)
MATMUL_F8_COLUMNS(bf16, bf16, 128)
MATMUL_F8_COLUMNS(bf16, bf16, 256)
#endif
