// RMSNorm.
#include "common.cuh"

// y[t] = x[t] * rstd[t] * w, rstd[t] = 1 / sqrt(mean(x[t]^2) + eps). One block per row.
// x, y (T, D), w (D), rstd (T). Traffic: x read twice (the second time from cache), y written: 2 T D elements from and to memory.
// Example: x = [3, 4], eps = 0, w = [1, 2]: mean square 12.5, rstd 0.2828427, y = [0.8485281, 2.2627417].
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

// Aligned bf16 rows: a thread has 8 columns (16 bytes) of every row that its block handles, so values that belong to columns stay in its registers. A row takes
// `width` threads, which are whole warps; blockDim.x / width rows lie side by side in a block, and each thread keeps several rows in flight. Rows of up to 2048
// elements fit blocks of 256 threads; rows of up to 8192 need larger blocks, with fewer registers per thread.
// Example: rows of 512: width 64, 4 rows side by side; with 4 in flight, block 1 of 10 has rows 16..31, then 176..191; its group 1 has rows 17, 21, 25 and 29.
static constexpr int FORWARD_ROWS = 4, BACKWARD_ROWS = 2, WIDE_ROWS = 1;  // NormBlocks

struct Columns {
    int groups, group, warps, d;  // rows side by side; the number of this thread's row among them; warps per row; the thread's first column
    bool inside;

    __device__ __forceinline__ Columns(int width, int dim)
        : groups(blockDim.x / width), group(threadIdx.x / width), warps(width / 32), d((threadIdx.x - group * width) * 8), inside(d < dim) {}

    __device__ __forceinline__ uint4 read(const bf16* row, bool valid) const { return valid && inside ? *reinterpret_cast<const uint4*>(row + d) : make_uint4(0, 0, 0, 0); }

    // Sums over the threads of a row, for R rows (a template parameter); every thread gets the sums. Successive calls use the two halves of `scratch` in turn,
    // so one __syncthreads is enough.
    template <int R>
    __device__ __forceinline__ void sum(float (&v)[R], float (&scratch)[2][R][32], int turn) const {
#pragma unroll
        for (int k = 0; k < R; k++) {
            v[k] = warpSum(v[k]);
            if ((threadIdx.x & 31) == 0) scratch[turn & 1][k][threadIdx.x >> 5] = v[k];
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < R; k++) {
            v[k] = 0.f;
            for (int i = 0; i < warps; i++) v[k] += scratch[turn & 1][k][group * warps + i];
        }
    }
};

__device__ __forceinline__ void widen(const uint4& raw, float (&v)[8]) {
    const __nv_bfloat162* p = reinterpret_cast<const __nv_bfloat162*>(&raw);
#pragma unroll
    for (int j = 0; j < 4; j++) {
        float2 f = __bfloat1622float2(p[j]);
        v[2 * j] = f.x;
        v[2 * j + 1] = f.y;
    }
}

// The same for aligned bf16 rows.
template <int R>
__device__ __forceinline__ void rmsForwardColumns(const bf16* x, const bf16* w, float eps, bf16* y, float* rstd, long long rows, int dim, long long xs, long long ys,
                                                  int width) {
    __shared__ float scratch[2][R][32];
    const Columns mine(width, dim);
    const uint4 weight = mine.read(w, true);
    const long long step = (long long)mine.groups * R;
    int turn = 0;
    for (long long from = blockIdx.x * step; from < rows; from += gridDim.x * step, turn++) {
        uint4 raw[R];
        float sum[R];
#pragma unroll
        for (int k = 0; k < R; k++) {
            const long long t = from + k * mine.groups + mine.group;
            raw[k] = mine.read(x + t * xs, t < rows);
        }
#pragma unroll
        for (int k = 0; k < R; k++) {
            float v[8];
            widen(raw[k], v);
            sum[k] = 0.f;
#pragma unroll
            for (int j = 0; j < 8; j++) sum[k] = fmaf(v[j], v[j], sum[k]);
        }
        mine.sum(sum, scratch, turn);
#pragma unroll
        for (int k = 0; k < R; k++) {
            const long long t = from + k * mine.groups + mine.group;
            const float r = rsqrtf(sum[k] / dim + eps);
            if (t < rows && mine.d == 0) rstd[t] = r;
            if (t < rows && mine.inside) {
                float v[8], f[8];
                widen(raw[k], v);
                widen(weight, f);
                Vec<bf16> out;
#pragma unroll
                for (int j = 0; j < 8; j++) out.v[j] = v[j] * r * f[j];
                out.store(y + t * ys + mine.d);
            }
        }
    }
}
#define RMS_FORWARD_COLUMNS(name, R, THREADS, BLOCKS)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) name(const bf16* x, const bf16* w, float eps, bf16* y, float* rstd, long long rows,      \
                                                                       int dim, long long xs, long long ys, int width) {                                  \
        rmsForwardColumns<R>(x, w, eps, y, rstd, rows, dim, xs, ys, width);                                                                                \
    }
RMS_FORWARD_COLUMNS(rms_forward_columns, FORWARD_ROWS, 256, 4)
RMS_FORWARD_COLUMNS(rms_forward_columns_wide, WIDE_ROWS, 1024, 1)

// dx[t] = rstd (w dy - xhat mean(w dy xhat)), xhat = x rstd; each block also stores its part of dw = sum over t of dy xhat in partial[block]. It adds rows t =
// block, block + gridDim.x, ... in this order, so the sum does not depend on timing. Traffic: x and dy read twice (the second time from cache), dx written.
// Example: x = [3, 4], dy = [1, 1], w = [1, 2], eps = 0: dx = [-0.0905097, 0.0678823], dw = [0.8485281, 1.1313708].
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

// The same for aligned bf16 rows: x and dy are read once, and each thread sums its columns of dw over its rows, in order; then the sums of threads of different
// rows are added. With an `addend` (rows `as` apart), dx = addend + (the gradient, rounded to bf16), rounded: the same bits as with two kernels.
// Traffic: x, dy and addend read, dx written: 8 T D bytes, where two kernels move 12 T D.
// Example: D = 8, x = [3, 4, 0, ...], dy = [1, 1, 0, ...], w = [1, 2, 0, ...], eps = 0: the gradient is [-0.1806640625, 0.1357421875, 0, ...], and with the
// addend [1, 0, ...], dx = [0.8203125, 0.1357421875, 0, ...].
template <int R>
__device__ __forceinline__ void rmsBackwardColumns(const bf16* dy, const bf16* x, const bf16* w, const float* rstd, bf16* dx, int accumulate, float* partial, long long rows,
                                                   int dim, long long dys, long long xs, long long dxs, const bf16* addend, long long as, int width) {
    __shared__ float scratch[2][R][32];
    extern __shared__ float parts[];  // (groups, dim), if there is more than one group
    const Columns mine(width, dim);
    float f[8], dw[8] = {};
    widen(mine.read(w, true), f);
    const long long step = (long long)mine.groups * R;
    int turn = 0;
    for (long long from = blockIdx.x * step; from < rows; from += gridDim.x * step, turn++) {
        uint4 xr[R], gr[R];
        float r[R], mean[R];
#pragma unroll
        for (int k = 0; k < R; k++) {
            const long long t = from + k * mine.groups + mine.group;
            xr[k] = mine.read(x + t * xs, t < rows);
            gr[k] = mine.read(dy + t * dys, t < rows);
            r[k] = t < rows ? rstd[t] : 0.f;
        }
#pragma unroll
        for (int k = 0; k < R; k++) {
            float v[8], g[8];
            widen(xr[k], v);
            widen(gr[k], g);
            mean[k] = 0.f;
#pragma unroll
            for (int j = 0; j < 8; j++) mean[k] = fmaf(g[j] * f[j], v[j] * r[k], mean[k]);
        }
        mine.sum(mean, scratch, turn);
#pragma unroll
        for (int k = 0; k < R; k++) {
            const long long t = from + k * mine.groups + mine.group;
            if (t < rows && mine.inside) {
                float v[8], g[8];
                widen(xr[k], v);
                widen(gr[k], g);
                const float m = mean[k] / dim;
                bf16* to = dx + t * dxs + mine.d;
                Vec<bf16> out;
                if (accumulate) out = Vec<bf16>::load(to);
                if (addend) out = Vec<bf16>::load(addend + t * as + mine.d);
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    const float xhat = v[j] * r[k], value = r[k] * (g[j] * f[j] - xhat * m);
                    out.v[j] = addend ? out.v[j] + __bfloat162float(__float2bfloat16_rn(value)) : accumulate ? out.v[j] + value : value;
                    dw[j] = fmaf(g[j], xhat, dw[j]);
                }
                out.store(to);
            }
        }
    }
    float* mySum = partial + (long long)blockIdx.x * dim;
    if (mine.groups == 1) {
        if (mine.inside) storeEight(mySum + mine.d, dw);
        return;
    }
    if (mine.inside) keepEight(parts + mine.group * dim + mine.d, dw);
    __syncthreads();
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float sum = 0.f;
        for (int g = 0; g < mine.groups; g++) sum += parts[g * dim + d];
        mySum[d] = sum;
    }
}
#define RMS_BACKWARD_COLUMNS(name, R, THREADS, BLOCKS)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) name(const bf16* dy, const bf16* x, const bf16* w, const float* rstd, bf16* dx,          \
                                                                       int accumulate, float* partial, long long rows, int dim, long long dys,            \
                                                                       long long xs, long long dxs, const bf16* addend, long long as, int width) {        \
        rmsBackwardColumns<R>(dy, x, w, rstd, dx, accumulate, partial, rows, dim, dys, xs, dxs, addend, as, width);                                        \
    }
RMS_BACKWARD_COLUMNS(rms_backward_columns, BACKWARD_ROWS, 256, 3)
RMS_BACKWARD_COLUMNS(rms_backward_columns_wide, WIDE_ROWS, 1024, 1)

// dw[d] = (accumulate ? dw[d] : 0) + sum over the parts: 32 groups of parts, each in order, then the groups in order. A block of 1024 threads has 32 columns.
// Traffic: 4 parts D bytes read, 4 D written. Example: parts [1, 2], [10, 20]: [11, 22].
extern "C" __global__ void __launch_bounds__(1024) sum_parts(const float* partial, float* dw, int parts, int dim, int accumulate) {
    __shared__ float sums[32][32];
    int column = threadIdx.x & 31, group = threadIdx.x >> 5, d = blockIdx.x * 32 + column, each = (parts + 31) / 32;
    float sum = 0.f;
    if (d < dim) {
#pragma unroll 9
        for (int p = group * each; p < min(parts, (group + 1) * each); p++) sum += partial[(long long)p * dim + d];
    }
    sums[group][column] = sum;
    __syncthreads();
    if (group == 0 && d < dim) {
        float total = 0.f;
        for (int g = 0; g < 32; g++) total += sums[g][column];
        dw[d] = accumulate ? dw[d] + total : total;
    }
}
