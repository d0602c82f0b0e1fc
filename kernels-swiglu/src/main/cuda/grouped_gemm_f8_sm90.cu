// The grouped products of e4m3 numbers with scales on Hopper: instances of f8_rows_sm90.cuh and f8_columns_sm90.cuh, which give shapes, traffic and examples.
// Forward and input gradient are rows products: the input gradient reads weights that are stored with dense columns, so its B is w transposed. The Java twin is
// CpuScaledGrouped. grouped_f8.cu computes what these kernels do not cover.
#include "f8_columns_sm90.cuh"
#include "f8_rows_sm90.cuh"
#ifdef __CUDA_ARCH_FEAT_SM90_ALL

// c (R_max, n). a (R_max, k), b (experts, n, k), both copied in boxes of 128 rows. A scale of a is for 128 terms of one row, one of b for 128 x 128 elements.
#define F8_ROWS(T, name)                                                                                                                                           \
    extern "C" __global__ void __launch_bounds__(f8::THREADS, 1)                                                                                                   \
        grouped_rows_f8_e4m3_##name##_sm90(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, const int* offsets, int experts, int n, int k, \
                                           long long capacity, const float* scalesA, int scalesARow, int scalesASlice, const float* scalesB, int scalesBRow,       \
                                           int scalesBSlice, int scalesBExpert, T* c, long long stride) {                                                         \
        f8::rows::product<T>(a, b,                                                                                                                                 \
                             {offsets, experts, 0, n, k, capacity, scalesA, scalesARow, scalesASlice, scalesB, scalesBRow, scalesBSlice, scalesBExpert, c, 0,      \
                              stride, false});                                                                                                                    \
    }
F8_ROWS(bf16, bf16)
F8_ROWS(float, f32)

// c (experts, m, n). a (m, R_max), boxes of BM rows; b (n, R_max), boxes of 128 rows. A scale is for 128 terms of one row. The scales of adjacent rows are
// adjacent in memory (scalesARow is 1); m, n, scalesASlice and scalesBSlice are multiples of 4.
#define F8_COLUMNS(T, name, BM, suffix)                                                                                                                            \
    extern "C" __global__ void __launch_bounds__(f8::THREADS, 1)                                                                                                   \
        grouped_columns_f8_e4m3_##name##_sm90##suffix(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, const int* offsets, int experts,  \
                                                      int m, int n, long long capacity, const float* scalesA, int scalesARow, int scalesASlice,                   \
                                                      const float* scalesB, int scalesBSlice, T* c, long long expertStride, long long rowStride,                  \
                                                      int accumulate) {                                                                                            \
        f8::columns::product<BM, T>(a, b,                                                                                                                          \
                                    {offsets, experts, m, n, 0, capacity, scalesA, scalesARow, scalesASlice, scalesB, 0, scalesBSlice, 0, c, expertStride,         \
                                     rowStride, accumulate != 0});                                                                                                 \
    }
F8_COLUMNS(float, f32, 256, )
F8_COLUMNS(bf16, bf16, 256, )
#endif
