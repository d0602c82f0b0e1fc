// Sums of products of e4m3 numbers with scales, one element at a time: io.moe4j.api.ops.support.ScaledSum, with the same bits. For shapes, block extents and
// layouts that faster kernels do not cover.
// Example: a = [16, 16] with the scale 2, b = [1, 3] with the scale 0.5: the run's sum is 16 * 1 + 16 * 3 = 64, and the result 64 * 2 * 0.5 = 64.
#pragma once
#include "f8.cuh"

// A matrix whose sums run along its inner dimension. Strides are in elements.
struct ScaledOperand {
    const unsigned char* numbers;
    long long outerStride, innerStride;
    const float* scales;
    long long outerScales, innerScales, outerBlock, innerBlock;

    // The same matrix, whose sums run along its other dimension.
    __device__ __forceinline__ ScaledOperand transposed() const {
        return {numbers, innerStride, outerStride, scales, innerScales, outerScales, innerBlock, outerBlock};
    }
    __device__ __forceinline__ float scale(long long outer, long long inner) const { return scales[outer / outerBlock * outerScales + inner / innerBlock * innerScales]; }
    // The first index after `inner` at which the scale may change.
    __device__ __forceinline__ long long end(long long inner) const { return (inner / innerBlock + 1) * innerBlock; }
};

// The sum of a[i, k] * b[j, k] for from <= k < to. Products of two e4m3 numbers are exact in fp32, so a fused multiply-add rounds as two operations do.
__device__ __forceinline__ float scaledSum(const ScaledOperand& a, long long i, const ScaledOperand& b, long long j, long long from, long long to) {
    constexpr long long RUN = 128;
    const unsigned char *rowA = a.numbers + i * a.outerStride, *rowB = b.numbers + j * b.outerStride;
    float sum = 0.f;
    for (long long k = from; k < to;) {
        const float scaleA = a.scale(i, k), scaleB = b.scale(j, k);
        const long long end = min(min(to, (k / RUN + 1) * RUN), min(a.end(k), b.end(k)));
        float run = 0.f;
        for (; k < end; k++) run = fmaf(fromF8(rowA[k * a.innerStride]), fromF8(rowB[k * b.innerStride]), run);
        sum = __fadd_rn(sum, __fmul_rn(__fmul_rn(run, scaleA), scaleB));
    }
    return sum;
}
