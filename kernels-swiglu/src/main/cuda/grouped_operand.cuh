// An operand of a grouped product in device memory, for the kernels that fetch it with ordinary loads. Shared by grouped_gemm_mma.cu and grouped_gemm_fp32.cu.
#pragma once
#include "grouped_tiles.cuh"

// A matrix in memory. BY_K: each row is one index of m or n, and its elements run along k. Otherwise each row is one index of k, and its elements run along m
// or n. Elements outside the matrix count as zero and are not read.
template <typename T, bool BY_K>
struct Operand {
    const T* base;
    long long stride;
    int rows, columns;

    __device__ __forceinline__ T element(int row, int column) const {
        T zero;
        store(&zero, 0.f);
        return row < rows && column < columns ? base[row * stride + column] : zero;
    }
};

// The operands and the result of a tile: C (m, n) = A (m, k) * B (k, n).
template <int PRODUCT, typename T, typename C>
struct Problem {
    static constexpr bool A_BY_K = PRODUCT != WEIGHT_GRADIENT, B_BY_K = PRODUCT == FORWARD;
    Operand<T, A_BY_K> a;
    Operand<T, B_BY_K> b;
    C* c;
    long long cStride;
    int m, n, k;

    // rows: x for forward, otherwise dy. others: x for the weight gradient, otherwise w. The experts of w, or of c, are expertStride apart.
    template <typename Tiles>
    __device__ __forceinline__ Problem(const Tiles& tiles, const T* rows, long long rowsStride, const T* others, long long othersStride, long long expertStride, int outputs,
                                       int inputs, C* result, long long resultStride) {
        const long long expert = tiles.expert;
        const int count = (int)(tiles.last - tiles.first), rowColumns = PRODUCT == FORWARD ? inputs : outputs;
        a = {rows + tiles.first * rowsStride, rowsStride, count, rowColumns};
        if (PRODUCT == WEIGHT_GRADIENT) {
            b = {others + tiles.first * othersStride, othersStride, count, inputs};
            c = result + expert * expertStride;
        } else {
            b = {others + expert * expertStride, othersStride, outputs, inputs};
            c = result + tiles.first * resultStride;
        }
        cStride = resultStride;
        m = PRODUCT == WEIGHT_GRADIENT ? outputs : count;
        k = PRODUCT == WEIGHT_GRADIENT ? count : rowColumns;
        n = PRODUCT == FORWARD ? outputs : inputs;
    }

    __device__ __forceinline__ void put(int row, int column, float value, bool accumulate) const {
        if (row < m && column < n) {
            C* to = c + row * cStride + column;
            store(to, accumulate ? value + load(to) : value);
        }
    }
};
