// How a warp stores its part of a weight gradient; the sums are in the registers that grouped_results.cuh describes.
#pragma once
#include "grouped_results.cuh"

// Stores x and y, or x alone. With `accumulate`, adds them to memory; this is for fp32 only, because for bf16 addHeld() has already added.
__device__ __forceinline__ void put(float* to, float x, float y, bool pair, bool accumulate) {
    // Exactly one thread adds to an element, once, so the sum does not depend on timing. Sums below the smallest normal number become zero.
#if __CUDA_ARCH__ >= 900
    if (accumulate && pair) {
        asm volatile("red.global.add.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(x), "f"(y) : "memory");
        return;
    }
#endif
    if (accumulate) x += to[0];
    if (accumulate && pair) y += to[1];
    if (pair) *reinterpret_cast<float2*>(to) = make_float2(x, y);
    else store(to, x);
}
__device__ __forceinline__ void put(bf16* to, float x, float y, bool pair, bool) {
    if (pair) *reinterpret_cast<uint32_t*>(to) = packed(x, y);
    else store(to, x);
}

// Stores or adds a weight gradient directly from the registers: 4 lanes have 8 contiguous elements.
template <typename T, int N>
__device__ __forceinline__ void storeGradient(float (&d)[N], T* c, long long stride, int rows, int columns, bool wide, bool accumulate) {
    const int lane = threadIdx.x & 31;
    c += (lane >> 2) * stride + 2 * (lane & 3);
    rows -= lane >> 2;
    columns -= 2 * (lane & 3);
    if (accumulate) addHeld(d, c, stride, rows, columns, wide);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (8 * half < rows) {
#pragma unroll
            for (int j = 0; j < N / 4; j++) {
                T* to = c + 8 * half * stride + 8 * j;
                const float x = d[4 * j + 2 * half], y = d[4 * j + 2 * half + 1];
                if (8 * j < columns) put(to, x, y, wide && 8 * j + 1 < columns, accumulate);
                if (!wide && 8 * j + 1 < columns) put(to + 1, y, 0.f, false, accumulate);
            }
        }
    }
}

// Stores 4 adjacent elements, or adds them.
__device__ __forceinline__ void putVector(float* to, float4 v, bool accumulate) {
#if __CUDA_ARCH__ >= 900
    if (accumulate) {
        asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w) : "memory");
        return;
    }
#endif
    if (accumulate) {
        const float4 held = *reinterpret_cast<const float4*>(to);
        v = make_float4(v.x + held.x, v.y + held.y, v.z + held.z, v.w + held.w);
    }
    *reinterpret_cast<float4*>(to) = v;
}

// Stores or adds a weight gradient in fp32 through `staging`, 16 rows of 128 bytes, so that 8 lanes together write 128 contiguous bytes of a row. All rows of C
// start at multiples of 16 bytes. With it a product takes up to 8% less time than with storeGradient() if it is added, and up to 4% less if it is stored.
// Example: columns 0 to 31 are written by 4 stores of a warp, each of 4 rows of 128 bytes; storeGradient() has 8 stores, each of 8 rows of 32 bytes.
template <int N>
__device__ __forceinline__ void storeGradientRows(const float (&d)[N], unsigned char* staging, float* c, long long stride, int rows, int columns, bool accumulate) {
    const int lane = threadIdx.x & 31;
#pragma unroll
    for (int j = 0; j < N / 4; j += 4) {  // 32 columns
        if (8 * j >= columns) break;
        __syncwarp();
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int half = 0; half < 2; half++)
                *reinterpret_cast<float2*>(staging + swizzled((lane >> 2) + 8 * half, 2 * i + (lane >> 1 & 1)) + 8 * (lane & 1)) =
                    make_float2(d[4 * (j + i) + 2 * half], d[4 * (j + i) + 2 * half + 1]);
        }
        __syncwarp();
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = i * 4 + (lane >> 3), vector = lane & 7, column = 8 * j + 4 * vector;
            const float4 v = *reinterpret_cast<const float4*>(staging + swizzled(row, vector));
            if (row < rows) {
                float* to = c + row * stride + column;
                if (column + 4 <= columns) {
                    putVector(to, v, accumulate);
                } else {
                    const float e[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
                    for (int x = 0; x < 4; x++)
                        if (column + x < columns) put(to + x, e[x], 0.f, false, accumulate);
                }
            }
        }
    }
}
