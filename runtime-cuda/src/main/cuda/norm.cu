// RMSNorm.
#include "common.cuh"

// y[t] = x[t] * rstd[t] * w, rstd[t] = 1 / sqrt(mean(x[t]^2) + eps). One block a row; the row is read once and held in registers where it fits.
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

// dw[d] = (accumulate ? dw[d] : 0) + sum over the parts, in order. Traffic: parts D read, D written. Example: parts [1, 2], [10, 20]: [11, 22].
extern "C" __global__ void sum_parts(const float* partial, float* dw, int parts, int dim, int accumulate) {
    int d = blockIdx.x * blockDim.x + threadIdx.x;
    if (d < dim) {
        float sum = 0.f;
        for (int p = 0; p < parts; p++) sum += partial[(long long)p * dim + d];
        dw[d] = accumulate ? dw[d] + sum : sum;
    }
}
