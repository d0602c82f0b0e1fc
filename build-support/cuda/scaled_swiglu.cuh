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

// A block of threads computes 128 rows, in pieces of 128 columns of gate and the same of up. first, second: copies of the gradients (rows, 2 width), with those of gate before
// those of up; width is a multiple of 128, so no block of a scale has elements of both. Gradient::of replaces gate and up by their gradients and returns the element's part of
// the gradient of the row's weight. With dweights, a block of threads computes whole rows (gridDim.y is 1), in a fixed order of additions. weights and dweights may be null.
// Traffic: 10 bytes for each element of h in bf16, where the kernels one after another move 18: with R 98304, F 1408: 1384 MB instead of 2491 MB.
template <typename T, typename Gradient>
__device__ __forceinline__ void swigluTiles(const Source<T>& gate, const Source<T>& up, const Source<T>& dh, const float* weights, const int* validRows, long long rows,
                                            long long width, const Copy& first, const Copy& second, float* dweights) {
    constexpr int CHUNK = 4;  // rows whose loads are in flight at the same time
    __shared__ Scratch<T> scratch;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const long long limit = validRows == nullptr ? rows : max(0ll, min((long long)*validRows, rows));
    const unsigned across = (unsigned)(width / TILE), down = (unsigned)((limit + TILE - 1) / TILE);
    const bool vectors = gate.vectors() && up.vectors() && dh.vectors();
    for (unsigned strip = blockIdx.x; strip < down; strip += gridDim.x) {
        const long long row = (long long)strip * TILE, mine = row + warp * ROWS;
        const int height = (int)min((long long)TILE, limit - row);
        float parts[ROWS] = {};
        for (unsigned piece = blockIdx.y; piece < across; piece += gridDim.y) {
            const long long column = (long long)piece * TILE, own = column + lane * COLUMNS;
            Quad<T> dgate[ROWS], dup[ROWS];
#pragma unroll
            for (int from = 0; from < ROWS; from += CHUNK) {
                Quad<T> g[CHUNK], u[CHUNK], d[CHUNK];
                float weight[CHUNK];
#pragma unroll
                for (int i = 0; i < CHUNK; i++) {
                    const long long r = mine + from + i;
                    if (vectors && r < limit) {
                        g[i] = gate.get(0, r, own);
                        u[i] = up.get(0, r, own);
                        d[i] = dh.get(0, r, own);
                    } else {
                        const int count = r < limit ? COLUMNS : 0;
                        g[i] = gate.some(0, r, own, count);
                        u[i] = up.some(0, r, own, count);
                        d[i] = dh.some(0, r, own, count);
                    }
                    weight[i] = weights != nullptr && r < limit ? __ldg(weights + r) : 1.f;
                }
#pragma unroll
                for (int i = 0; i < CHUNK; i++) {
#pragma unroll
                    for (int c = 0; c < COLUMNS; c += 2) {
                        float a = g[i].at(c), b = g[i].at(c + 1), e = u[i].at(c), f = u[i].at(c + 1);
                        parts[from + i] += Gradient::of(a, e, d[i].at(c), weight[i]);
                        parts[from + i] += Gradient::of(b, f, d[i].at(c + 1), weight[i]);
                        setPair(dgate[from + i], c, a, b);
                        setPair(dup[from + i], c, e, f);
                    }
                }
            }
            write(dgate, first, second, 0, row, column, height, TILE, scratch);
            write(dup, first, second, 0, row, width + column, height, TILE, scratch);
        }
        if (dweights != nullptr) {
            float sum = 0.f;
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                float part = parts[r];
#pragma unroll
                for (int o = 16; o > 0; o >>= 1) part += __shfl_xor_sync(0xffffffffu, part, o);
                if (lane == r) sum = part;
            }
            if (lane < ROWS && mine + lane < limit) dweights[mine + lane] = sum;
        }
    }
}
}  // namespace scaling
#endif
