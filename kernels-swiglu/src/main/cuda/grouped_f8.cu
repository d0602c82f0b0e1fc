// The grouped products of e4m3 numbers with scales, one element per thread. They take any strides and blocks, and have the same bits as the Java twin,
// CpuScaledGrouped. For shapes that grouped_gemm_f8_sm90.cu does not cover, and as its reference; far slower. A block of 256 threads computes a tile of 16 x 16
// elements. Traffic: each thread loads 2 bytes per term, mostly from the caches. Shapes as in grouped_gemm_sm90.cu.
// Example: one expert with one row x = [16, 16], scale 2, and w = [[1, 3]], scale 0.5: y = (16 * 1 + 16 * 3) * 2 * 0.5 = 64.
#include "bf16.cuh"
#include "grouped_tiles.cuh"
#include "scaled_sum.cuh"

namespace readable {
static constexpr int TILE = 16;

// C (rows of an expert, columns) = rows * w[expert]^T, or * w[expert] for the input gradient.
template <int PRODUCT, typename T>
__device__ __forceinline__ void rows(const ScaledOperand& rows, const ScaledOperand& w, long long expertStride, long long expertScales, const int* offsets, int experts,
                                     int outputs, int inputs, long long capacity, T* c, long long stride) {
    const int columns = PRODUCT == FORWARD ? outputs : inputs, terms = PRODUCT == FORWARD ? inputs : outputs;
    Tiles<PRODUCT, TILE, TILE> tiles(offsets, experts, outputs, columns, capacity);
    while (tiles.next()) {
        const long long row = tiles.first + tiles.row() + threadIdx.x / TILE;
        const int column = tiles.column() + threadIdx.x % TILE;
        if (row >= tiles.last || column >= columns) continue;
        ScaledOperand b = PRODUCT == FORWARD ? w : w.transposed();
        b.numbers += tiles.expert * expertStride;
        b.scales += tiles.expert * expertScales;
        store(c + row * stride + column, scaledSum(rows, row, b, column, 0, terms));
    }
}

// dw[expert] (outputs, inputs) = dy^T * x over the expert's rows.
template <typename T>
__device__ __forceinline__ void weights(const ScaledOperand& dy, const ScaledOperand& x, const int* offsets, int experts, int outputs, int inputs, long long capacity,
                                        T* dw, long long expertStride, long long rowStride, bool accumulate) {
    Tiles<WEIGHT_GRADIENT, TILE, TILE> tiles(offsets, experts, outputs, inputs, capacity);
    const ScaledOperand a = dy.transposed(), b = x.transposed();
    while (tiles.next()) {
        const int row = tiles.row() + threadIdx.x / TILE, column = tiles.column() + threadIdx.x % TILE;
        if (row >= outputs || column >= inputs) continue;
        T* to = dw + tiles.expert * expertStride + row * rowStride + column;
        const float sum = scaledSum(a, row, b, column, tiles.first, tiles.last);
        store(to, accumulate ? load(to) + sum : sum);
    }
}
}  // namespace readable

// The parameters of an operand, in the order of ScaledLaunches: numbers, strides of rows and columns; scales, their strides; rows and columns of a block.
#define SCALED_OPERAND(name)                                                                                                                                   \
    const unsigned char *name, long long name##Row, long long name##Column, const float *name##Scales, long long name##ScalesRow, long long name##ScalesColumn, \
        long long name##BlockRows, long long name##BlockColumns
#define OPERAND_OF(name) \
    { name, name##Row, name##Column, name##Scales, name##ScalesRow, name##ScalesColumn, name##BlockRows, name##BlockColumns }

#define READABLE(T, type)                                                                                                                                      \
    extern "C" __global__ void grouped_forward_f8_e4m3_##type(SCALED_OPERAND(x), SCALED_OPERAND(w), long long expertStride, long long expertScales,           \
                                                              const int* offsets, int experts, int outputs, int inputs, long long capacity, T* y,             \
                                                              long long stride) {                                                                              \
        readable::rows<FORWARD, T>(OPERAND_OF(x), OPERAND_OF(w), expertStride, expertScales, offsets, experts, outputs, inputs, capacity, y, stride);          \
    }                                                                                                                                                          \
    extern "C" __global__ void grouped_input_gradient_f8_e4m3_##type(SCALED_OPERAND(dy), SCALED_OPERAND(w), long long expertStride, long long expertScales,   \
                                                                     const int* offsets, int experts, int outputs, int inputs, long long capacity, T* dx,     \
                                                                     long long stride) {                                                                       \
        readable::rows<INPUT_GRADIENT, T>(OPERAND_OF(dy), OPERAND_OF(w), expertStride, expertScales, offsets, experts, outputs, inputs, capacity, dx, stride); \
    }                                                                                                                                                          \
    extern "C" __global__ void grouped_weight_gradient_f8_e4m3_##type(SCALED_OPERAND(dy), SCALED_OPERAND(x), const int* offsets, int experts, int outputs,    \
                                                                      int inputs, long long capacity, T* dw, long long expertStride, long long rowStride,     \
                                                                      int accumulate) {                                                                        \
        readable::weights<T>(OPERAND_OF(dy), OPERAND_OF(x), offsets, experts, outputs, inputs, capacity, dw, expertStride, rowStride, accumulate != 0);        \
    }
READABLE(float, f32)
READABLE(bf16, bf16)
