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

// Returns v, and hides from the compiler how it was computed: so v is not computed again later, and values that depend on v are not computed earlier.
__device__ __forceinline__ uint32_t kept(uint32_t v) {
    asm volatile("mov.b32 %0, %0;" : "+r"(v));
    return v;
}

// Byte offset of a 16-byte vector in rows of 128 bytes. The vectors of 8 adjacent rows in one column lie in different banks.
__device__ __forceinline__ int swizzled(int row, int vector) { return row * 128 + ((vector ^ (row & 7)) << 4); }

// Writes 16 x 16 results, pairs v[0..1] of 8 columns and v[2..3] of the next 8, to vectors `at` and `at + 1` of the rows in `staging`.
__device__ __forceinline__ void stage(unsigned char* staging, int at, const uint32_t (&v)[4], int lane) {
#if __CUDA_ARCH__ >= 900
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(staging + swizzled(lane & 15, at + (lane >> 4)))),
                 "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3])
                 : "memory");
#else
#pragma unroll
    for (int m = 0; m < 4; m++) *reinterpret_cast<uint32_t*>(staging + swizzled((lane >> 2) + 8 * (m & 1), at + (m >> 1)) + 4 * (lane & 3)) = v[m];
#endif
}

// Adds the elements of C to a lane's results. For fp32 there is nothing to do: the stores add.
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
        for (int i = 0; i < 8; i += 2) {
            const float* v = d + 4 * (j + i);
            const uint32_t pairs[4] = {packed(v[0], v[1]), packed(v[2], v[3]), packed(v[4], v[5]), packed(v[6], v[7])};
            stage(staging, i, pairs, lane);
        }
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

// Stores 16 rows of 64 columns in the same way, but with few registers, for a warp whose products are running. pair(i): results 2 i and 2 i + 1 of a lane,
// rounded. All rows of C start at multiples of 16 bytes, and their lengths are multiples of 8.
template <typename Pair>
__device__ __forceinline__ void storePieceBeside(const Pair& pair, unsigned char* staging, bf16* c, long long stride, int rows, int columns) {
    const int lane = kept(threadIdx.x) & 31;  // addresses are computed here, and take no registers before
    __syncwarp();
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
        const uint32_t v[4] = {pair(2 * i), pair(2 * i + 1), pair(2 * i + 2), pair(2 * i + 3)};
        stage(staging, i, v, lane);
    }
    __syncwarp();
    if (8 * (lane & 7) < columns) {
        c += (lane >> 3) * stride + 8 * (lane & 7);
#pragma unroll 1
        for (int row = lane >> 3; row < min(rows, 16); row += 4, c += 4 * stride) storeVector(c, *reinterpret_cast<const uint4*>(staging + swizzled(row, lane & 7)));
    }
}
