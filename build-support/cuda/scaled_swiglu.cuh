// The gradients of SwiGLU with respect to gate and up, quantized as they are computed: what reads them are products of e4m3 numbers, so they are never stored in bf16. Their
// numbers and scales have the bits that quantizing stored gradients gives, see scaling.cuh.
// Example, the one of swiglu.cu: gate 1, up 2, weight 0.5, dh 1, one row of width 128 whose other elements are 0: dgate 0.927671 is rounded to 0.92578125 in bf16, its
// scale is 0.92578125 / 448, its number 448; dup 0.365529 becomes 0.365234375, scale 0.365234375 / 448, number 448; dweight 1.462117.
#pragma once
#include "scaling.cuh"
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

namespace scaling {
__device__ __forceinline__ void setPair(Quad<bf16>& x, int i, float a, float b) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(a, b);
    x.pairs[i / 2] = *reinterpret_cast<const unsigned*>(&pair);
}
__device__ __forceinline__ void setPair(Quad<float>& x, int i, float a, float b) {
    x.e[i] = a;
    x.e[i + 1] = b;
}

// The sums over a warp of 2 numbers of each lane; lane l gets the one of number l % 2. The order of additions is fixed.
__device__ __forceinline__ float rowSum(const float (&x)[2]) {
    const bool odd = threadIdx.x & 1;
    // Of the two numbers, a lane keeps one and gives its neighbour the other.
    float sum = (odd ? x[1] : x[0]) + __shfl_xor_sync(0xffffffffu, odd ? x[0] : x[1], 1);
#pragma unroll
    for (int o = 2; o < 32; o *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
    return sum;
}

// both: gate and up side by side. Block b of threads computes the 128 rows from 128 b on, in pieces of 128 columns of gate and the same of up. A piece is read twice, for the
// gradient of gate and for that of up: registers suffice for one of them, and the second time it comes from a cache. first, second: copies of the gradients (rows, 2 width),
// with those of gate before those of up; width is a multiple of 128, so no block of a scale has elements of both. Rows start at multiples of 8 bytes. Gradient::of replaces
// gate and up by their gradients and returns the element's part of the gradient of the row's weight. WEIGHTED: there are weights and dweights, and a block of threads computes
// whole rows (gridDim.y is 1), in a fixed order of additions.
// Traffic: 10 bytes for each element of h in bf16, where the kernels one after another move 18: with R 98304, F 1408: 1384 MB instead of 2491 MB.
template <bool WEIGHTED, typename T, typename Gradient>
__device__ __forceinline__ void swigluTiles(const Source<T>& both, const Source<T>& dh, const float* weights, const int* validRows, long long rows, long long width,
                                            const Copy& first, const Copy& second, float* dweights) {
    constexpr int CHUNK = 2;  // rows that are computed together; the loads of two such chunks are in flight at the same time
    __shared__ Scratch<T> scratch;
    __shared__ float weightOf[TILE], sums[TILE];  // of rows
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int limit = validRows == nullptr ? (int)rows : (int)max(0ll, min((long long)*validRows, rows));
    const int row = (int)blockIdx.x * TILE, mine = row + warp * ROWS, pieces = 2 * (int)(width / TILE);
    if (row >= limit) return;
    if (WEIGHTED && lane < ROWS) {
        weightOf[warp * ROWS + lane] = mine + lane < limit ? weights[mine + lane] : 1.f;
        sums[warp * ROWS + lane] = 0.f;
    }
    __syncwarp();
    for (int piece = WEIGHTED ? 0 : (int)blockIdx.y; piece < pieces; piece += WEIGHTED ? 1 : (int)gridDim.y) {
        const bool isUp = piece & 1;
        const int column = piece / 2 * TILE, own = column + lane * COLUMNS;
        Quad<T> gradients[ROWS];
#pragma unroll
        for (int from = 0; from < ROWS; from += CHUNK) {
            Quad<T> g[CHUNK], u[CHUNK], d[CHUNK];
            float weight[CHUNK], part[CHUNK] = {};
#pragma unroll
            for (int i = 0; i < CHUNK; i++) {
                const int r = mine + from + i, there = min(r, limit - 1);
                g[i] = both.get(0, there, own);
                u[i] = both.get(0, there, (int)width + own);
                d[i] = dh.get(0, there, own);
                weight[i] = WEIGHTED ? weightOf[warp * ROWS + from + i] : 1.f;
                if (r >= limit) g[i] = u[i] = d[i] = {};
            }
#pragma unroll
            for (int i = 0; i < CHUNK; i++) {
#pragma unroll
                for (int c = 0; c < COLUMNS; c += 2) {
                    float a = g[i].at(c), b = g[i].at(c + 1), e = u[i].at(c), f = u[i].at(c + 1);
                    part[i] += Gradient::of(a, e, d[i].at(c), weight[i]);
                    part[i] += Gradient::of(b, f, d[i].at(c + 1), weight[i]);
                    setPair(gradients[from + i], c, isUp ? e : a, isUp ? f : b);
                }
            }
            if (WEIGHTED && !isUp) {
                const float sum = rowSum(part);
                if (lane < CHUNK) sums[warp * ROWS + from + lane] += sum;
            }
            if (from % (2 * CHUNK) == CHUNK) asm volatile("" ::: "memory");  // else the loads of all chunks are moved to the front, and their registers spill
        }
        write(gradients, first, second, 0, row, isUp ? (int)width + column : column, min(TILE, limit - row), TILE, scratch);
    }
    __syncwarp();
    if (WEIGHTED && lane < ROWS && mine + lane < limit) dweights[mine + lane] = sums[warp * ROWS + lane];
}
}  // namespace scaling
#endif
