// Rotary position embedding on adjacent pairs.
#include "common.cuh"

// out[t, h, 2i] = x[2i] cos - x[2i+1] sin, out[t, h, 2i+1] = x[2i] sin + x[2i+1] cos, with cos and sin of (t mod S, i) at cosSin[t mod S, 2i], [2i+1];
// `direction` -1 rotates back. Strides in elements. `out` may be `x`.
// Traffic: T H R read, T H R written. Example: x = [1, 0], angle 90 degrees (cos 0, sin 1): [0, 1]; back: [1, 0].
template <typename T>
__device__ void rotate(const T* x, const float* cosSin, T* out, long long rows, int heads, int width, int sequence, float direction, long long xt,
                       long long xh, long long ot, long long oh) {
    int pairs = width / 2;
    long long total = rows * heads * pairs;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        int p = i % pairs;
        long long r = i / pairs;
        int h = r % heads;
        long long t = r / heads;
        const float* cs = cosSin + (t % sequence) * width + 2 * p;
        float c = cs[0], s = direction * cs[1];
        const T* in = x + t * xt + h * xh + 2 * p;
        float a = load(in), b = load(in + 1);
        T* o = out + t * ot + h * oh + 2 * p;
        store(o, a * c - b * s);
        store(o + 1, a * s + b * c);
    }
}
#define ROTATE(name, T)                                                                                                                        \
    extern "C" __global__ void rope_##name(const T* x, const float* cosSin, T* out, long long rows, int heads, int width, int sequence, float direction, \
                                           long long xt, long long xh, long long ot, long long oh) {                                          \
        rotate(x, cosSin, out, rows, heads, width, sequence, direction, xt, xh, ot, oh);                                                      \
    }
FOR_EACH_TYPE(ROTATE)
