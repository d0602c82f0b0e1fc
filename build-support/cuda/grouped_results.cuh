// How a warp stores its part of a product. Shared by the kernels whose tensor cores leave the sums in the same registers.
// A warp has 16 rows of 2 N columns, a lane N sums: for each group j of 8 columns, lane t has elements (t / 4, 8 j + 2 (t % 4) + {0, 1}) in d[4 j + {0, 1}],
// and the elements 8 rows below in d[4 j + {2, 3}]. Rows at or beyond `rows` and columns at or beyond `columns` are not written. `wide`: all rows of C start
// at multiples of 16 bytes.
// Example: lane 5 has row 1, columns 2 and 3 in d[0] and d[1], row 9 in d[2] and d[3], and row 1, columns 10 and 11 in d[4] and d[5].
#pragma once
#include "bf16.cuh"
#include <cstdint>

__device__ __forceinline__ uint32_t sharedAddress(const void* p) { return (uint32_t)__cvta_generic_to_shared(p); }

__device__ __forceinline__ uint32_t packed(float a, float b) {
    __nv_bfloat162 v = __floats2bfloat162_rn(a, b);
    return *reinterpret_cast<uint32_t*>(&v);
}

// Byte offset of a 16-byte vector in rows of 128 bytes. The vectors of 8 adjacent rows in one column lie in different banks.
__device__ __forceinline__ int swizzled(int row, int vector) { return row * 128 + ((vector ^ (row & 7)) << 4); }

// Writes 16 x 16 results (v[0..3] and v[4..7]) to vectors `at` and `at + 1` of the rows in `staging`.
__device__ __forceinline__ void stage(unsigned char* staging, int at, const float* v) {
    const int lane = threadIdx.x & 31;
#if __CUDA_ARCH__ >= 900
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(staging + swizzled(lane & 15, at + (lane >> 4)))),
                 "r"(packed(v[0], v[1])), "r"(packed(v[2], v[3])), "r"(packed(v[4], v[5])), "r"(packed(v[6], v[7]))
                 : "memory");
#else
#pragma unroll
    for (int m = 0; m < 4; m++)
        *reinterpret_cast<uint32_t*>(staging + swizzled((lane >> 2) + 8 * (m & 1), at + (m >> 1)) + 4 * (lane & 3)) = packed(v[2 * m], v[2 * m + 1]);
#endif
}

// Adds the elements of C to a lane's results. For fp32 there is nothing to do: put() adds.
template <int N>
__device__ __forceinline__ void addHeld(float (&)[N], const float*, long long, int, int, bool) {}
template <int N>
__device__ __forceinline__ void addHeld(float (&d)[N], const bf16* c, long long stride, int rows, int columns, bool wide) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const bf16* from = c + 8 * half * stride;
        if (8 * half < rows && wide && 2 * N - 6 <= columns) {  // all pairs are complete, so many loads can be in flight
#pragma unroll
            for (int j = 0; j < N / 4; j++) {
                const float2 held = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(from + 8 * j));
                d[4 * j + 2 * half] += held.x;
                d[4 * j + 2 * half + 1] += held.y;
            }
        } else if (8 * half < rows) {
#pragma unroll
            for (int j = 0; j < N / 4; j++) {
                if (8 * j < columns) d[4 * j + 2 * half] += load(from + 8 * j);
                if (8 * j + 1 < columns) d[4 * j + 2 * half + 1] += load(from + 8 * j + 1);
            }
        }
    }
}

// Stores bf16 results through `staging`, 16 rows of 128 bytes in shared memory, so that 8 lanes together write 128 contiguous bytes of a row. With
// `accumulate`, the elements of C are added before the results are rounded.
template <int N>
__device__ __forceinline__ void storeRows(float (&d)[N], unsigned char* staging, bf16* c, long long stride, long long rows, int columns, bool wide, bool accumulate) {
    const int lane = threadIdx.x & 31;
    if (accumulate) addHeld(d, static_cast<const bf16*>(c) + (lane >> 2) * stride + 2 * (lane & 3), stride, (int)rows - (lane >> 2), columns - 2 * (lane & 3), wide);
#pragma unroll
    for (int j = 0; j < N / 4; j += 8) {  // 64 columns
        if (8 * j >= columns) break;
        __syncwarp();
#pragma unroll
        for (int i = 0; i < 8; i += 2) stage(staging, i, d + 4 * (j + i));
        __syncwarp();
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = i * 4 + (lane >> 3), vector = lane & 7, column = 8 * (j + vector);
            uint4 v = *reinterpret_cast<const uint4*>(staging + swizzled(row, vector));
            if (row < rows) {
                bf16* to = c + row * stride + column;
                if (wide && column + 8 <= columns) {
                    storeVector(to, v);
                } else {
                    const bf16* e = reinterpret_cast<const bf16*>(&v);
#pragma unroll
                    for (int x = 0; x < 8; x++)
                        if (column + x < columns) to[x] = e[x];
                }
            }
        }
    }
}

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
