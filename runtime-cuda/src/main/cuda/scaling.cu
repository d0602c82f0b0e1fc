// Kernels that quantize and dequantize; scaling.cuh explains them.
#include "scaling.cuh"
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

#define SCALING_TILES(name, type, T, SQUARES)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(scaling::THREADS, scaling::BLOCKS_OF<T>)                                                                      \
        name##_##type(const T* x, long long xMatrix, long long xRow, long long matrices, long long rows, long long columns, SCALED_COPY(first),                \
                      int firstBlock, SCALED_COPY(second), int secondBlock) {                                                                                  \
        scaling::tiles<SQUARES>(scaling::Source<T>{x, xMatrix, xRow}, matrices, rows, columns, nullptr, COPY_OF(first, firstBlock),                            \
                                COPY_OF(second, secondBlock));                                                                                                 \
    }
#define SCALING(type, T)                                                                                                                                       \
    SCALING_TILES(quantize_tiles, type, T, false)                                                                                                              \
    SCALING_TILES(quantize_squares, type, T, true)                                                                                                             \
    extern "C" __global__ void quantize_blocks_##type(const T* x, long long xMatrix, long long xRow, long long matrices, long long rows, long long columns,    \
                                                      SCALED_COPY(to), long long blockRows, long long blockColumns) {                                          \
        scaling::blocks<T>(x, xMatrix, xRow, matrices, rows, columns, COPY_OF(to, scaling::NONE), blockRows, blockColumns);                                    \
    }                                                                                                                                                          \
    extern "C" __global__ void dequantize_##type(T* x, long long xMatrix, long long xRow, long long matrices, long long rows, long long columns,               \
                                                 SCALED_COPY(from), long long blockRows, long long blockColumns) {                                             \
        scaling::widen<T>(x, xMatrix, xRow, matrices, rows, columns, COPY_OF(from, scaling::NONE), blockRows, blockColumns);                                   \
    }
SCALING(f32, float)
SCALING(bf16, bf16)
#endif
