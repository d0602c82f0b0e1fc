// Quantizes the rows of experts to e4m3: one pass over the valid rows writes one or two results. scaling.cuh gives traffic and an example.
#include "scaling.cuh"
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

// x (capacity, columns). *lastOffset: the number of valid rows. The matrix stride of x is 0, since there is one matrix.
#define QUANTIZE_ROWS(type, T)                                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(scaling::THREADS, scaling::BLOCKS_OF<T>)                                                                                             \
        quantize_row_tiles_##type##_f8_e4m3(const T* x, long long xRow, const int* lastOffset, long long capacity, long long columns, SCALED_COPY(first),           \
                                       int firstBlock, SCALED_COPY(second), int secondBlock) {                                                                 \
        scaling::tiles<false>(scaling::Source<T>{x, 0, xRow}, 1, capacity, columns, lastOffset, COPY_OF(first, firstBlock), COPY_OF(second, secondBlock));            \
    }
QUANTIZE_ROWS(f32, float)
QUANTIZE_ROWS(bf16, bf16)

// The same for rows that are already e4m3, with a scale for each 1 x 128 block.
extern "C" __global__ void __launch_bounds__(scaling::THREADS, scaling::BLOCKS_OF<float>)
    quantize_row_tiles_f8_e4m3_f8_e4m3(const unsigned char* x, long long xRow, const float* scales, long long scalesRow, const int* lastOffset, long long capacity,
                                  long long columns, SCALED_COPY(first), int firstBlock, SCALED_COPY(second), int secondBlock) {
    scaling::tiles<false>(scaling::ScaledSource{{x, 0, xRow}, scales, scalesRow}, 1, capacity, columns, lastOffset, COPY_OF(first, firstBlock), COPY_OF(second, secondBlock));
}
#endif
