// RMSNorm.
#include "common.cuh"

// Rows of up to VECTORS * 256 bf16 elements, held by a warp in registers: a lane has every 32nd 16-byte vector. Rows are read once, without block-wide waits.
template <int VECTORS> struct WarpRow {
    uint4 raw[VECTORS];

    __device__ __forceinline__ void read(const bf16* row, int dim, int lane) {
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int d = (i * 32 + lane) * 8;
            raw[i] = d < dim ? *reinterpret_cast<const uint4*>(row + d) : make_uint4(0, 0, 0, 0);
        }
    }

    __device__ __forceinline__ void get(int i, float (&v)[8]) const {
        const __nv_bfloat162* p = reinterpret_cast<const __nv_bfloat162*>(&raw[i]);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float2 f = __bfloat1622float2(p[j]);
            v[2 * j] = f.x;
            v[2 * j + 1] = f.y;
        }
    }
};

// y[t] = x[t] * rstd[t] * w, rstd[t] = 1 / sqrt(mean(x[t]^2) + eps). One block a row.
// Traffic: T D read, T D written, and w from cache. Example: x = [3, 4], eps = 0, w = [1, 2]: mean square 12.5, rstd 0.2828427, y = [0.8485281, 2.2627417].
template <typename T>
__device__ void rmsForward(const T* x, const T* w, float eps, T* y, float* rstd, long long rows, int dim, long long xs, long long ys) {
    __shared__ float scratch[32];
    for (long long t = blockIdx.x; t < rows; t += gridDim.x) {
        const T* xr = x + t * xs;
        float sum = 0.f;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) {
            float v = load(xr + d);
            sum = fmaf(v, v, sum);
        }
        float r = rsqrtf(blockSum(sum, scratch) / dim + eps);
        if (threadIdx.x == 0) rstd[t] = r;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) store(y + t * ys + d, load(xr + d) * r * load(w + d));
    }
}
#define RMS_FORWARD(name, T)                                                                                                              \
    extern "C" __global__ void rms_forward_##name(const T* x, const T* w, float eps, T* y, float* rstd, long long rows, int dim, long long xs, \
                                                  long long ys) {                                                                         \
        rmsForward(x, w, eps, y, rstd, rows, dim, xs, ys);                                                                                \
    }
FOR_EACH_TYPE(RMS_FORWARD)

// The same for aligned bf16 rows, one warp each.
template <int VECTORS>
__device__ __forceinline__ void rmsForwardWarp(const bf16* x, const bf16* w, float eps, bf16* y, float* rstd, long long rows, int dim, long long xs, long long ys) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < rows; t += (long long)gridDim.x * warps) {
        WarpRow<VECTORS> row;
        row.read(x + t * xs, dim, lane);
        float sum = 0.f;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            float v[8];
            row.get(i, v);
#pragma unroll
            for (int j = 0; j < 8; j++) sum = fmaf(v[j], v[j], sum);
        }
        float r = rsqrtf(warpSum(sum) / dim + eps);
        if (lane == 0) rstd[t] = r;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int d = (i * 32 + lane) * 8;
            if (d < dim) {
                float v[8], f[8];
                row.get(i, v);
                loadEight(w + d, f);
                Vec<bf16> out;
#pragma unroll
                for (int j = 0; j < 8; j++) out.v[j] = v[j] * r * f[j];
                out.store(y + t * ys + d);
            }
        }
    }
}
#define RMS_FORWARD_WARP(VECTORS)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(256) rms_forward_warp_##VECTORS(const bf16* x, const bf16* w, float eps, bf16* y, float* rstd,    \
                                                                                 long long rows, int dim, long long xs, long long ys) {            \
        rmsForwardWarp<VECTORS>(x, w, eps, y, rstd, rows, dim, xs, ys);                                                                            \
    }
RMS_FORWARD_WARP(2)
RMS_FORWARD_WARP(8)
RMS_FORWARD_WARP(28)

// dx[t] = rstd (w dy - xhat mean(w dy xhat)), xhat = x rstd; each block also leaves its part of dw = sum over t of dy xhat in partial[block], rows
// t = block, block + gridDim.x, ... in this order, so that the sum does not depend on timing.
// Traffic: x and dy read twice (the second time from L2), dx written. Example: x = [3, 4], dy = [1, 1], w = [1, 2], eps = 0: dx = [-0.0452548, 0.0339411],
// dw = [0.8485281, 1.1313708].
template <typename T>
__device__ void rmsBackward(const T* dy, const T* x, const T* w, const float* rstd, T* dx, int accumulate, float* partial, long long rows, int dim,
                            long long dys, long long xs, long long dxs) {
    __shared__ float scratch[32];
    float* mine = partial + (long long)blockIdx.x * dim;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) mine[d] = 0.f;
    for (long long t = blockIdx.x; t < rows; t += gridDim.x) {
        const T *xr = x + t * xs, *gr = dy + t * dys;
        float r = rstd[t], sum = 0.f;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) sum = fmaf(load(gr + d) * load(w + d), load(xr + d) * r, sum);
        float mean = blockSum(sum, scratch) / dim;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) {
            float g = load(gr + d), xhat = load(xr + d) * r, v = r * (g * load(w + d) - xhat * mean);
            T* out = dx + t * dxs + d;
            store(out, accumulate ? load(out) + v : v);
            mine[d] = fmaf(g, xhat, mine[d]);
        }
    }
}
#define RMS_BACKWARD(name, T)                                                                                                                    \
    extern "C" __global__ void rms_backward_##name(const T* dy, const T* x, const T* w, const float* rstd, T* dx, int accumulate, float* partial, \
                                                   long long rows, int dim, long long dys, long long xs, long long dxs) {                        \
        rmsBackward(dy, x, w, rstd, dx, accumulate, partial, rows, dim, dys, xs, dxs);                                                           \
    }
FOR_EACH_TYPE(RMS_BACKWARD)

// The same for aligned bf16 rows of up to VECTORS * 256 elements, one warp each: x and dy are read once, and dw is summed in registers, then over the block's
// 8 warps in order, 256 elements at a time.
template <int VECTORS>
__device__ __forceinline__ void rmsBackwardWarp(const bf16* dy, const bf16* x, const bf16* w, const float* rstd, bf16* dx, int accumulate, float* partial,
                                                long long rows, int dim, long long dys, long long xs, long long dxs) {
    __shared__ float parts[8][256];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    float dw[VECTORS][8] = {};
    for (long long t = blockIdx.x * (long long)warps + warp; t < rows; t += (long long)gridDim.x * warps) {
        WarpRow<VECTORS> row, gradient;
        row.read(x + t * xs, dim, lane);
        gradient.read(dy + t * dys, dim, lane);
        float r = rstd[t], sum = 0.f;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int d = (i * 32 + lane) * 8;
            if (d < dim) {
                float v[8], g[8], f[8];
                row.get(i, v);
                gradient.get(i, g);
                loadEight(w + d, f);
#pragma unroll
                for (int j = 0; j < 8; j++) sum = fmaf(g[j] * f[j], v[j] * r, sum);
            }
        }
        float mean = warpSum(sum) / dim;
#pragma unroll
        for (int i = 0; i < VECTORS; i++) {
            int d = (i * 32 + lane) * 8;
            if (d < dim) {
                float v[8], g[8], f[8];
                row.get(i, v);
                gradient.get(i, g);
                loadEight(w + d, f);
                bf16* to = dx + t * dxs + d;
                Vec<bf16> out;
                if (accumulate) out = Vec<bf16>::load(to);
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    float xhat = v[j] * r, value = r * (g[j] * f[j] - xhat * mean);
                    out.v[j] = accumulate ? out.v[j] + value : value;
                    dw[i][j] = fmaf(g[j], xhat, dw[i][j]);
                }
                out.store(to);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < VECTORS; i++) {
#pragma unroll
        for (int j = 0; j < 8; j++) parts[warp][lane * 8 + j] = dw[i][j];
        __syncthreads();
        int d = i * 256 + threadIdx.x;
        if (d < dim) {
            float sum = 0.f;
            for (int p = 0; p < warps; p++) sum += parts[p][threadIdx.x];
            partial[(long long)blockIdx.x * dim + d] = sum;
        }
        __syncthreads();
    }
}
#define RMS_BACKWARD_WARP(VECTORS)                                                                                                                   \
    extern "C" __global__ void __launch_bounds__(256, 1) rms_backward_warp_##VECTORS(const bf16* dy, const bf16* x, const bf16* w, const float* rstd, \
                                                                                     bf16* dx, int accumulate, float* partial, long long rows, int dim, \
                                                                                     long long dys, long long xs, long long dxs) {                   \
        rmsBackwardWarp<VECTORS>(dy, x, w, rstd, dx, accumulate, partial, rows, dim, dys, xs, dxs);                                                  \
    }
RMS_BACKWARD_WARP(2)
RMS_BACKWARD_WARP(8)

// dw[d] = (accumulate ? dw[d] : 0) + sum over the parts: 8 groups of parts, each in order, then the groups in order. Blocks of 256 handle 32 columns.
// Traffic: parts D read, D written. Example: parts [1, 2], [10, 20]: [11, 22].
extern "C" __global__ void __launch_bounds__(256) sum_parts(const float* partial, float* dw, int parts, int dim, int accumulate) {
    __shared__ float sums[8][32];
    int column = threadIdx.x & 31, group = threadIdx.x >> 5, d = blockIdx.x * 32 + column, each = (parts + 7) / 8;
    float sum = 0.f;
    if (d < dim) {
#pragma unroll 8
        for (int p = group * each; p < min(parts, (group + 1) * each); p++) sum += partial[(long long)p * dim + d];
    }
    sums[group][column] = sum;
    __syncthreads();
    if (group == 0 && d < dim) {
        float total = 0.f;
        for (int g = 0; g < 8; g++) total += sums[g][column];
        dw[d] = accumulate ? dw[d] + total : total;
    }
}
