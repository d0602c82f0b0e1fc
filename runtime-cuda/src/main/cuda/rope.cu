// Rotary position embedding: on adjacent pairs, and on halves. Shapes: T tokens, H heads, R rotated elements of a head, S tokens of a sequence.
#include "common.cuh"

// The row of the table for token t: positions[t] if `positions` is given, otherwise t mod S.
__device__ __forceinline__ long long positionOf(const int* positions, long long t, int sequence) {
    if (positions == nullptr) return t % sequence;
    int position = positions[t];
    if (position < 0 || position >= sequence) __trap();
    return position;
}

// t = i / n and r = i % n, for i < total.
__device__ __forceinline__ void divide(long long i, int n, long long total, long long& t, int& r) {
    if (total <= 0x7fffffff) {  // 32-bit division is several times cheaper
        t = (int)i / n;
        r = (int)i % n;
    } else {
        t = i / n;
        r = (int)(i % n);
    }
}

// out[t, h, 2i] = x[2i] cos - x[2i+1] sin, out[t, h, 2i+1] = x[2i] sin + x[2i+1] cos, with cos and sin at cosSin[p, 2i] and [p, 2i+1] for the position p of t;
// `direction` -1 rotates back. Strides are in elements. `out` may be `x`. N elements per thread: 2, or 8 (16 bytes of bf16) where everything is aligned.
// Traffic: T H R elements read, T H R written. Example: x = [1, 0], angle 90 degrees (cos 0, sin 1): [0, 1]; with direction -1: [0, -1].
template <int N, typename T>
__device__ void rotate(const T* x, const float* cosSin, const int* positions, T* out, long long rows, int heads, int width, int sequence, float direction, long long xt,
                       long long xh, long long ot, long long oh) {
    int perHead = width / N, perRow = heads * perHead;
    long long total = rows * perRow;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        long long t;
        int r;
        divide(i, perRow, total, t, r);
        int h = r / perHead, p = r % perHead * N;
        const float* cs = cosSin + positionOf(positions, t, sequence) * width + p;
        const T* in = x + t * xt + h * xh + p;
        T* o = out + t * ot + h * oh + p;
        float v[N], c[N];
        if constexpr (N == 8) {
            Vec<T> a = Vec<T>::load(in);
            Vec<float> low = Vec<float>::load(cs), high = Vec<float>::load(cs + 4);
#pragma unroll
            for (int j = 0; j < 8; j++) {
                v[j] = a.v[j];
                c[j] = j < 4 ? low.v[j] : high.v[j - 4];
            }
        } else {
            v[0] = load(in);
            v[1] = load(in + 1);
            c[0] = cs[0];
            c[1] = cs[1];
        }
#pragma unroll
        for (int j = 0; j < N; j += 2) {
            float a = v[j], b = v[j + 1], s = direction * c[j + 1];
            v[j] = a * c[j] - b * s;
            v[j + 1] = a * s + b * c[j];
        }
        if constexpr (N == 8) {
            Vec<T> a;
#pragma unroll
            for (int j = 0; j < 8; j++) a.v[j] = v[j];
            a.store(o);
        } else {
            store(o, v[0]);
            store(o + 1, v[1]);
        }
    }
}
#define ROTATE(name, T, N)                                                                                                                     \
    extern "C" __global__ void name(const T* x, const float* cosSin, const int* positions, T* out, long long rows, int heads, int width, int sequence, float direction, \
                                    long long xt, long long xh, long long ot, long long oh) {                                                 \
        rotate<N>(x, cosSin, positions, out, rows, heads, width, sequence, direction, xt, xh, ot, oh);                                                   \
    }
ROTATE(rope_f32, float, 2)
ROTATE(rope_bf16, bf16, 2)
ROTATE(rope_vectors_bf16, bf16, 8)

// The same on halves: with half = width / 2, out[i] = x[i] cos - x[half+i] sin, out[half+i] = x[half+i] cos + x[i] sin, with cos and sin at cosSin[p, i] and
// [p, half+i]. N elements of each half per thread: 1, or 8 (16 bytes of bf16) where everything is aligned and half is a multiple of 8.
// Traffic: T H R elements read, T H R written. Example, R 4: x = [1, 0, 0, 0], angles 90 and 0 degrees: [0, 0, 1, 0]; with direction -1: [0, 0, -1, 0].
template <int N, typename T>
__device__ void rotateHalves(const T* x, const float* cosSin, const int* positions, T* out, long long rows, int heads, int width, int sequence, float direction, long long xt,
                             long long xh, long long ot, long long oh) {
    int half = width / 2, perHead = half / N, perRow = heads * perHead;
    long long total = rows * perRow;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        long long t;
        int r;
        divide(i, perRow, total, t, r);
        int h = r / perHead, p = r % perHead * N;
        const float* cs = cosSin + positionOf(positions, t, sequence) * width + p;
        const T* in = x + t * xt + h * xh + p;
        T* o = out + t * ot + h * oh + p;
        if constexpr (N == 8) {
            float a[8], b[8], cosine[8], sine[8];
            loadEight(in, a);
            loadEight(in + half, b);
            loadEight(cs, cosine);
            loadEight(cs + half, sine);
#pragma unroll
            for (int j = 0; j < 8; j++) {
                float first = a[j], second = b[j], s = direction * sine[j];
                a[j] = first * cosine[j] - second * s;
                b[j] = first * s + second * cosine[j];
            }
            storeEight(o, a);
            storeEight(o + half, b);
        } else {
            float a = load(in), b = load(in + half), c = cs[0], s = direction * cs[half];
            store(o, a * c - b * s);
            store(o + half, a * s + b * c);
        }
    }
}
#define ROTATE_HALVES(name, T, N)                                                                                                              \
    extern "C" __global__ void name(const T* x, const float* cosSin, const int* positions, T* out, long long rows, int heads, int width, int sequence, float direction, \
                                    long long xt, long long xh, long long ot, long long oh) {                                                 \
        rotateHalves<N>(x, cosSin, positions, out, rows, heads, width, sequence, direction, xt, xh, ot, oh);                                             \
    }
ROTATE_HALVES(rope_halves_f32, float, 1)
ROTATE_HALVES(rope_halves_bf16, bf16, 1)
ROTATE_HALVES(rope_halves_vectors_bf16, bf16, 8)
