// The grouped products in plain fp32, for parity with the CPU: one fused multiply-add per term, no reduced-precision tensor cores. A block of 256 threads
// computes a 64 x 64 tile, of which each thread computes 4 x 4 elements, from slices of 16 terms in shared memory. Products and shapes are as in
// grouped_gemm_sm90.cu. Traffic: a block reads 8 KiB for each 2 * 64 * 64 * 16 operations.
// Example: dy (2, 1) = (2, 3), x (2, 1) = (5, 7), one expert with both rows: dw = 2 * 5 + 3 * 7 = 31.
#include "grouped_operand.cuh"

namespace fp32 {
static constexpr int THREADS = 256, TILE = 64, BK = 16, PITCH = TILE + 4;  // as in Grid.Grids.product
static constexpr int ELEMENTS = TILE * BK / THREADS;

template <bool BY_K>
__device__ __forceinline__ void fetch(float (&v)[ELEMENTS], const Operand<float, BY_K>& from, int mn, int k) {
#pragma unroll
    for (int i = 0; i < ELEMENTS; i++) {
        int at = threadIdx.x + i * THREADS;
        v[i] = BY_K ? from.element(mn + at / BK, k + at % BK) : from.element(k + at / TILE, mn + at % TILE);
    }
}
template <bool BY_K>
__device__ __forceinline__ void put(float (&slice)[BK][PITCH], const float (&v)[ELEMENTS]) {
#pragma unroll
    for (int i = 0; i < ELEMENTS; i++) {
        int at = threadIdx.x + i * THREADS;
        if (BY_K) slice[at % BK][at / BK] = v[i];
        else slice[at / TILE][at % TILE] = v[i];
    }
}

template <int PRODUCT>
__device__ __forceinline__ void tile(const Problem<PRODUCT, float, float>& p, int row, int column, bool accumulate) {
    using P = Problem<PRODUCT, float, float>;
    __shared__ __align__(16) float a[BK][PITCH], b[BK][PITCH];
    const int threadRow = threadIdx.x / 16 * 4, threadColumn = threadIdx.x % 16 * 4;
    float d[4][4] = {}, nextA[ELEMENTS], nextB[ELEMENTS];
    const int slices = (p.k + BK - 1) / BK;
    if (slices > 0) {
        fetch<P::A_BY_K>(nextA, p.a, row, 0);
        fetch<P::B_BY_K>(nextB, p.b, column, 0);
    }
    for (int s = 0; s < slices; s++) {
        put<P::A_BY_K>(a, nextA);
        put<P::B_BY_K>(b, nextB);
        __syncthreads();
        if (s + 1 < slices) {
            fetch<P::A_BY_K>(nextA, p.a, row, (s + 1) * BK);
            fetch<P::B_BY_K>(nextB, p.b, column, (s + 1) * BK);
        }
#pragma unroll
        for (int k = 0; k < BK; k++) {
            const float4 va = *reinterpret_cast<const float4*>(&a[k][threadRow]), vb = *reinterpret_cast<const float4*>(&b[k][threadColumn]);
            const float fa[4] = {va.x, va.y, va.z, va.w}, fb[4] = {vb.x, vb.y, vb.z, vb.w};
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) d[i][j] = fmaf(fa[i], fb[j], d[i][j]);
            }
        }
        __syncthreads();
    }
    if (slices == 0 && accumulate) return;
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) p.put(row + threadRow + i, column + threadColumn + j, d[i][j], accumulate);
        __syncwarp();  // Keeps the compiler from loading the old values of all four rows at once, for which registers do not suffice.
    }
}

template <int PRODUCT>
__device__ __forceinline__ void product(const float* rows, long long rowsStride, const float* others, long long othersStride, long long expertStride, const int* offsets, int experts,
                                        int outputs, int inputs, long long capacity, float* c, long long cStride, bool accumulate) {
    Tiles<PRODUCT, TILE, TILE> tiles(offsets, experts, outputs, PRODUCT == FORWARD ? outputs : inputs, capacity);
    while (tiles.next()) {
        Problem<PRODUCT, float, float> problem(tiles, rows, rowsStride, others, othersStride, expertStride, outputs, inputs, c, cStride);
        tile(problem, tiles.row(), tiles.column(), accumulate);
    }
}
}  // namespace fp32

extern "C" __global__ void __launch_bounds__(fp32::THREADS) grouped_forward_f32(const float* x, long long xStride, const float* w, long long expertStride, long long wStride,
                                                                                const int* offsets, int experts, int outputs, int inputs, long long capacity, float* y,
                                                                                long long yStride, const int* /* before: unused, a row's bits do not depend on its place */, int accumulate) {
    fp32::product<FORWARD>(x, xStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, y, yStride, accumulate != 0);
}
extern "C" __global__ void __launch_bounds__(fp32::THREADS) grouped_input_gradient_f32(const float* dy, long long dyStride, const float* w, long long expertStride, long long wStride,
                                                                                       const int* offsets, int experts, int outputs, int inputs, long long capacity, float* dx,
                                                                                       long long dxStride, const int* /* before: unused, a row's bits do not depend on its place */, int accumulate) {
    fp32::product<INPUT_GRADIENT>(dy, dyStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, dx, dxStride, accumulate != 0);
}
extern "C" __global__ void __launch_bounds__(fp32::THREADS) grouped_weight_gradient_f32_f32(const float* dy, long long dyStride, const float* x, long long xStride, const int* offsets,
                                                                                            int experts, int outputs, int inputs, long long capacity, float* dw,
                                                                                            long long expertStride, long long rowStride, int accumulate) {
    fp32::product<WEIGHT_GRADIENT>(dy, dyStride, x, xStride, expertStride, offsets, experts, outputs, inputs, capacity, dw, rowStride, accumulate != 0);
}
