// Products of e4m3 numbers with scales on Hopper's tensor cores: C = A * B^T per expert, fp32 sums. The structure is that of grouped_gemm_sm90.cu: one block of
// 3 warpgroups for each multiprocessor walks over the tiles of all experts; a producer thread keeps a ring of slices of k in flight; two warpgroups multiply.
// wgmma requires 8-bit operands whose rows run along k. A slice is 128 terms, one row of 128 bytes, and has one pair of scales for each element of C: the sum
// of its terms comes from the tensor cores, is multiplied by both scales, and is added in fp32, while the other warpgroup's products run.
//   rows product     C (rows, N)      A rows of an expert (R, K), scales 1 x 128;   B the expert's matrix (N, K), scales 128 x 128: f8_rows_sm90.cuh
//   columns product  C[expert] (M, N) A (M, R) and B (N, R), both with 1 x 128 scales along the rows R of all experts: f8_columns_sm90.cuh
// This file has what both share.
#pragma once
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "gradient_results.cuh"
#include "grouped_tiles.cuh"
#include "sm90.cuh"

namespace f8 {
static constexpr int BK = 128, BN = 128;
static constexpr int THREADS = 384;
static constexpr int PRODUCER_REGISTERS = 40, CONSUMER_REGISTERS = 232;
static constexpr int READERS = 8;  // each warp that multiplies releases a stage
static constexpr int RING = 192 * 1024;  // bytes of all stages; hosts compute shared bytes from this: RING + 16 KiB of staging + 8 KiB
static constexpr int SUB = 64 * 128;  // bytes of 64 rows of 128 bytes

// Strides are in elements. Indices of scales fit an int.
struct Arguments {
    const int* offsets;
    int experts, m, n, k;  // m: of the columns product only, k: of the rows product only
    long long capacity;
    const float* scalesA;
    int scalesARow, scalesASlice;
    const float* scalesB;
    int scalesBRow, scalesBSlice, scalesBExpert;  // row: of one row in the columns product, of 128 rows in the rows product
    void* c;
    long long expertStride, rowStride;
    bool accumulate;
};

// Where a thread is in a ring.
template <int STAGES>
struct Position {
    int stage = 0;
    uint32_t phase = 0;
    __device__ __forceinline__ void advance() {
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

// Enqueues the products of a slice, 64 rows by 128 columns. a, b: lower halves of the operands' descriptors.
__device__ __forceinline__ void multiply(float (&run)[64], uint32_t a, uint32_t b) {
    constexpr uint32_t NEXT = further(sliceBytes<true>());
    wgmmaFence();
    wgmmaF8<false>(run, whole<true>(a), whole<true>(b));
#pragma unroll
    for (int k = 1; k < BK / 32; k++) wgmmaF8<true>(run, whole<true>(a + k * NEXT), whole<true>(b + k * NEXT));
    wgmmaCommit();
}

// Stores a warp's 16 rows of 128 columns at `c`. From there, C has `rows` rows and `columns` columns left; what exceeds them is not stored.
template <typename T>
__device__ __forceinline__ void store(const Arguments& p, float (&d)[64], unsigned char* staging, T* c, int rows, int columns) {
    if constexpr (sizeof(T) == 4) storeGradient<T>(d, c, p.rowStride, rows, columns, true, p.accumulate);
    else storeRows(d, staging, c, p.rowStride, rows, columns, true, p.accumulate);
}
}  // namespace f8
#endif
