// Products of attention on Hopper's tensor cores: bf16 operands, fp32 sums, spread over a warpgroup as wgmma() of sm90.cuh says. A tile in shared memory is
// cut into pieces of 64 columns; a piece has all rows of the tile, each of 128 bytes, swizzled.
#pragma once
#include "sm90.cuh"

namespace attention90 {
// ---- d (64, N) = or += a (64, 16) * b (N, 16)^T, both in shared memory with rows along the sum
template <bool ADD>
__device__ __forceinline__ void multiply(float (&d)[32], unsigned long long a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" WGMMA_NAMES_32 "}, %32, %33, %34, 1, 1, 0, 0;\n"
        : WGMMA_SUMS_32(d, 0)
        : "l"(a), "l"(b), "n"(ADD ? 1 : 0));
}
template <bool ADD>
__device__ __forceinline__ void multiply(float (&d)[64], unsigned long long a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" WGMMA_NAMES_64 "}, %64, %65, %66, 1, 1, 0, 0;\n"
        : WGMMA_SUMS_64(d)
        : "l"(a), "l"(b), "n"(ADD ? 1 : 0));
}

// ---- d (64, 64) = or += a (64, 16) * b (64, 16)^T. A is in registers as loadFactor() leaves it; rows of b run along the sum.
template <bool ADD>
__device__ __forceinline__ void multiplyHeldAlong(float (&d)[32], const uint32_t* a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" WGMMA_NAMES_32 "}, {%32, %33, %34, %35}, %36, %37, 1, 1, 0;\n"
        : WGMMA_SUMS_32(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(ADD ? 1 : 0));
}

// ---- d (64, N) += a (64, 16) * b (16, N). A is in registers as packFactor() leaves it; rows of b run along N.
__device__ __forceinline__ void multiplyHeld(float (&d)[64], const uint32_t* a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" WGMMA_NAMES_64 "}, {%64, %65, %66, %67}, %68, 1, 1, 1, 1;\n"
        : WGMMA_SUMS_64(d)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
__device__ __forceinline__ void multiplyHeld(float (&d)[96], const uint32_t* a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 {" WGMMA_NAMES_96 "}, {%96, %97, %98, %99}, %100, 1, 1, 1, 1;\n"
        : WGMMA_SUMS_96(d)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// ---- d (64, N) += a (16, 64)^T * b (16, N), both in shared memory with rows along the result's extents
__device__ __forceinline__ void multiplyAcross(float (&d)[64], unsigned long long a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" WGMMA_NAMES_64 "}, %64, %65, 1, 1, 1, 1, 1;\n"
        : WGMMA_SUMS_64(d)
        : "l"(a), "l"(b));
}
__device__ __forceinline__ void multiplyAcross(float (&d)[96], unsigned long long a, unsigned long long b) {
    asm volatile(
        "wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 {" WGMMA_NAMES_96 "}, %96, %97, 1, 1, 1, 1, 1;\n"
        : WGMMA_SUMS_96(d)
        : "l"(a), "l"(b));
}

// The operand `offset` bytes after `address`; both are multiples of 16. The same as operandAt(address + offset), but the offset, a constant, is added last. So
// each operand costs one addition instead of four dependent instructions, which take longer than a product of 64 x 64 x 16.
template <int LEADING>
__device__ __forceinline__ unsigned long long operandFrom(uint32_t address, int offset) {
    constexpr uint32_t HIGH = operandAt<LEADING>(0) >> 32, LOW = static_cast<uint32_t>(operandAt<LEADING>(0));
    unsigned long long operand;
    asm("mov.b64 %0, {%1, %2};" : "=l"(operand) : "r"((address >> 4) + (LOW + (offset >> 4))), "n"(HIGH));
    return operand;
}
// An operand whose rows run along k, as products() reads them.
__device__ __forceinline__ unsigned long long along(uint32_t address, int offset) { return operandFrom<16>(address, offset); }
// An operand whose rows run along m or n, in pieces of ROWS rows of 64 elements.
template <int ROWS>
__device__ __forceinline__ unsigned long long across(uint32_t address, int offset) { return operandFrom<ROWS * 128>(address, offset); }

// d = a b^T: 64 rows at `a`, in pieces of A_ROWS rows, and N rows at `b`, in pieces of B_ROWS rows; both DEPTH wide.
template <int DEPTH, int A_ROWS, int B_ROWS, int D>
__device__ __forceinline__ void products(float (&d)[D], uint32_t a, uint32_t b) {
#pragma unroll
    for (int k = 0; k < DEPTH / 16; k++) {
        const auto x = along(a, k / 4 * A_ROWS * 128 + k % 4 * 32), y = along(b, k / 4 * B_ROWS * 128 + k % 4 * 32);
        if (k == 0) multiply<false>(d, x, y);
        else multiply<true>(d, x, y);
    }
}
// d = a b^T: a (64, 4 A) in registers, and 64 rows at `b`, in pieces of ROWS rows.
template <int ROWS, int A>
__device__ __forceinline__ void productsHeld(float (&d)[32], const uint32_t (&a)[A], uint32_t b) {
#pragma unroll
    for (int k = 0; k < A / 4; k++) {
        if (k == 0) multiplyHeldAlong<false>(d, a, along(b, 0));
        else multiplyHeldAlong<true>(d, a + 4 * k, along(b, k / 4 * ROWS * 128 + k % 4 * 32));
    }
}
// d += a b: a (64, 4 A) in registers, b (4 A, N) in pieces of ROWS rows.
template <int ROWS, int A, int D>
__device__ __forceinline__ void addProducts(float (&d)[D], const uint32_t (&a)[A], uint32_t b) {
#pragma unroll
    for (int k = 0; k < A / 4; k++) multiplyHeld(d, a + 4 * k, across<ROWS>(b, k * 2048));
}
// The first factor of addProducts() from results d (64, N), rounded to bf16: 16 columns, which 8 results of a thread hold, become 4 registers.
template <int D>
__device__ __forceinline__ void packFactor(uint32_t (&a)[D / 2], const float (&d)[D]) {
#pragma unroll
    for (int i = 0; i < D / 2; i++) a[i] = packed(d[2 * i], d[2 * i + 1]);
}

// 2^x with a relative error of 2^-22; results below the smallest normal number are 0.
__device__ __forceinline__ float power(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
}  // namespace attention90
