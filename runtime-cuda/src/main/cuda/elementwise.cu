// Copies and sums.
#include "common.cuh"

__device__ __forceinline__ long long load(const long long* p) { return *p; }
__device__ __forceinline__ void store(long long* p, long long v) { *p = v; }

// destination[i] = source[i] over 4 extents with any strides (in elements); a source stride of 0 repeats elements.
// One thread per element, innermost fastest. Traffic: n elements read (fewer where repeated), n written.
// Example: memory [0 1 2 3 4 5], read as (2, 3) with strides (1, 2), is [[0 2 4], [1 3 5]].
template <typename S, typename D>
__device__ void copyStrided(const S* s, D* d, long long n1, long long n2, long long n3, long long total, long long s0, long long s1, long long s2,
                            long long s3, long long d0, long long d1, long long d2, long long d3) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        long long r = i, i3 = r % n3;
        r /= n3;
        long long i2 = r % n2;
        r /= n2;
        long long i1 = r % n1, i0 = r / n1;
        store(d + i0 * d0 + i1 * d1 + i2 * d2 + i3 * d3, load(s + i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3));
    }
}
#define COPY(name, S, D)                                                                                                                        \
    extern "C" __global__ void name(const S* s, D* d, long long n1, long long n2, long long n3, long long total, long long s0, long long s1,    \
                                    long long s2, long long s3, long long d0, long long d1, long long d2, long long d3) {                       \
        copyStrided(s, d, n1, n2, n3, total, s0, s1, s2, s3, d0, d1, d2, d3);                                                                   \
    }
COPY(copy_f32_f32, float, float)
COPY(copy_f32_bf16, float, bf16)
COPY(copy_bf16_f32, bf16, float)
COPY(copy_bf16_bf16, bf16, bf16)
COPY(copy_i64_i64, long long, long long)

// The same if the innermost dimension is dense on both sides, all rows start at multiples of 16 bytes, and n3 is a multiple of 8: eight elements per thread.
template <typename Index, typename S, typename D>
__device__ __forceinline__ void copyRowsBy(const S* s, D* d, long long n1, long long n2, long long n3, long long total, long long s0, long long s1, long long s2,
                                           long long d0, long long d1, long long d2) {
    Index perRow = (Index)(n3 / 8), m1 = (Index)n1, m2 = (Index)n2, count = (Index)(total / 8);
    for (Index i = blockIdx.x * (Index)blockDim.x + threadIdx.x; i < count; i += (Index)gridDim.x * blockDim.x) {
        Index r = i / perRow, c = i % perRow, i2 = r % m2, q = r / m2, i1 = q % m1, i0 = q / m1;
        float v[8];
        loadEight(s + (long long)i0 * s0 + (long long)i1 * s1 + (long long)i2 * s2 + (long long)c * 8, v);
        storeEight(d + (long long)i0 * d0 + (long long)i1 * d1 + (long long)i2 * d2 + (long long)c * 8, v);
    }
}
#define COPY_ROWS(name, S, D)                                                                                                                         \
    extern "C" __global__ void name(const S* s, D* d, long long n1, long long n2, long long n3, long long total, long long s0, long long s1, long long s2, \
                                    long long d0, long long d1, long long d2) {                                                                      \
        if (total <= 0x3fffffffll) copyRowsBy<unsigned>(s, d, n1, n2, n3, total, s0, s1, s2, d0, d1, d2);                                            \
        else copyRowsBy<unsigned long long>(s, d, n1, n2, n3, total, s0, s1, s2, d0, d1, d2);                                                        \
    }
COPY_ROWS(copy_rows_f32_f32, float, float)
COPY_ROWS(copy_rows_f32_bf16, float, bf16)
COPY_ROWS(copy_rows_bf16_f32, bf16, float)
COPY_ROWS(copy_rows_bf16_bf16, bf16, bf16)

// out = a + b. Traffic: 3 n elements. Example: [1, 2] + [10, 20] = [11, 22]. Tail elements are handled one by one.
template <typename T> __device__ void addAll(const T* a, const T* b, T* out, long long n) {
    constexpr int V = Vec<T>::N;
    long long vectors = (((uint64_t)a | (uint64_t)b | (uint64_t)out) & 15) == 0 ? n / V : 0, stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    for (long long i = first; i < vectors; i += stride) {
        Vec<T> x = Vec<T>::load(a + i * V), y = Vec<T>::load(b + i * V);
#pragma unroll
        for (int j = 0; j < V; j++) x.v[j] += y.v[j];
        x.store(out + i * V);
    }
    for (long long i = vectors * V + first; i < n; i += stride) store(out + i, load(a + i) + load(b + i));
}
#define ADD(name, T) \
    extern "C" __global__ void add_##name(const T* a, const T* b, T* out, long long n) { addAll(a, b, out, n); }
FOR_EACH_TYPE(ADD)

// c[r] *= beta for rows of `width` elements, `stride` apart; with beta = 0 they become 0, even if they hold NaN.
// Traffic: n elements read (none if beta is 0), n written. Example: [1, NaN], beta 0: [0, 0].
template <typename T> __device__ void scaleRows(T* c, long long rows, long long width, long long stride, float beta) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
        T* p = c + i / width * stride + i % width;
        store(p, beta == 0.f ? 0.f : beta * load(p));
    }
}
#define SCALE_ROWS(name, T)                                                                                                     \
    extern "C" __global__ void scale_rows_##name(T* c, long long rows, long long width, long long stride, float beta) { \
        scaleRows(c, rows, width, stride, beta);                                                                               \
    }
FOR_EACH_TYPE(SCALE_ROWS)

// acc += factor * x. Traffic: 2 n elements read, n written. Example: acc [1, 2], x [10, 20], factor 0.5: [6, 12].
template <typename X, typename A> __device__ void accumulateAll(const X* x, float factor, A* acc, long long n) {
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    long long groups = (((uint64_t)x | (uint64_t)acc) & 15) == 0 ? n / 8 : 0;
    for (long long i = first; i < groups; i += stride) {
        float v[8], a[8];
        loadEight(x + i * 8, v);
        loadEight(acc + i * 8, a);
#pragma unroll
        for (int j = 0; j < 8; j++) a[j] = fmaf(factor, v[j], a[j]);
        storeEight(acc + i * 8, a);
    }
    for (long long i = groups * 8 + first; i < n; i += stride) store(acc + i, fmaf(factor, load(x + i), load(acc + i)));
}
#define ACCUMULATE(name, X, A) \
    extern "C" __global__ void name(const X* x, float factor, A* acc, long long n) { accumulateAll(x, factor, acc, n); }
ACCUMULATE(accumulate_f32_f32, float, float)
ACCUMULATE(accumulate_f32_bf16, float, bf16)
ACCUMULATE(accumulate_bf16_f32, bf16, float)
ACCUMULATE(accumulate_bf16_bf16, bf16, bf16)

// d[t, r] = (accumulate ? d[t, r] : 0) + sum over h of s[t, h, r], in order of h. Strides are in elements; r is dense.
// Traffic, for T tokens, H heads and R elements: T H R elements read, T R written. Example: one token, heads [1, 2] and [10, 20]: [11, 22].
template <typename T>
__device__ void sumMiddle(const T* s, T* d, long long rows, int heads, int width, long long st, long long sh, long long dt, int accumulate) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / width;
        int r = i % width;
        float sum = 0.f;
        for (int h = 0; h < heads; h++) sum += load(s + t * st + h * sh + r);
        T* out = d + t * dt + r;
        store(out, accumulate ? load(out) + sum : sum);
    }
}
// The same for aligned rows, eight elements per thread.
template <typename T>
__device__ void sumMiddleVectors(const T* s, T* d, long long rows, int heads, int width, long long st, long long sh, long long dt, int accumulate) {
    int perRow = width / 8;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * perRow; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / perRow;
        int r = (int)(i % perRow) * 8;
        float sum[8] = {}, v[8];
#pragma unroll 4
        for (int h = 0; h < heads; h++) {
            loadEight(s + t * st + h * sh + r, v);
#pragma unroll
            for (int j = 0; j < 8; j++) sum[j] += v[j];
        }
        T* out = d + t * dt + r;
        if (accumulate) {
            loadEight(out, v);
#pragma unroll
            for (int j = 0; j < 8; j++) sum[j] += v[j];
        }
        storeEight(out, sum);
    }
}
#define SUM_MIDDLE(name, T)                                                                                                                     \
    extern "C" __global__ void sum_middle_##name(const T* s, T* d, long long rows, int heads, int width, long long st, long long sh, long long dt, \
                                                 int accumulate) {                                                                             \
        sumMiddle(s, d, rows, heads, width, st, sh, dt, accumulate);                                                                           \
    }                                                                                                                                          \
    extern "C" __global__ void sum_middle_vectors_##name(const T* s, T* d, long long rows, int heads, int width, long long st, long long sh,     \
                                                         long long dt, int accumulate) {                                                      \
        sumMiddleVectors(s, d, rows, heads, width, st, sh, dt, accumulate);                                                                    \
    }
FOR_EACH_TYPE(SUM_MIDDLE)

// digest[0] += sum of mix(w[i] ^ ((i + 1) * 0x9E3779B97F4A7C15)) over the 64-bit words w of x, the last one filled up with zeros; see ElementwiseOps.digest.
// Integers have no rounding, so blocks may add in any order. Traffic: the bytes of x. Example: the bytes of the I32 [1, 2]: mix(0x9E3779BB7F4A7C14).
__device__ __forceinline__ unsigned long long mixWord(unsigned long long z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}
extern "C" __global__ void digest(const unsigned char* x, long long bytes, unsigned long long* digest) {
    __shared__ unsigned long long scratch[32];
    const unsigned long long step = 0x9E3779B97F4A7C15ull;
    long long words = (bytes + 7) / 8, whole = ((uint64_t)x & 7) == 0 ? bytes / 8 : 0;
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    unsigned long long sum = 0;
    for (long long i = first; i < whole; i += stride)
        sum += mixWord(reinterpret_cast<const unsigned long long*>(x)[i] ^ (unsigned long long)(i + 1) * step);
    // Unaligned words, and a last word with fewer than 8 bytes, are read byte by byte.
    for (long long i = whole + first; i < words; i += stride) {
        unsigned long long word = 0;
        for (int b = 0; b < 8 && i * 8 + b < bytes; b++) word |= (unsigned long long)x[i * 8 + b] << 8 * b;
        sum += mixWord(word ^ (unsigned long long)(i + 1) * step);
    }
#pragma unroll
    for (int o = 16; o > 0; o >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, o);
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x >> 5] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int w = 1; w < (blockDim.x + 31) / 32; w++) sum += scratch[w];
        atomicAdd(digest, sum);
    }
}

// out[r, p * width + c] for p = 0, 1, 2: the third, second and first eight significant bits of a[r, c], so that the three bf16 numbers add up to a[r, c]
// exactly. Bits are cut off, not rounded: all three have the sign of a, and none is larger in magnitude. Numbers below 2^-110 lose bits below 2^-133, the
// lowest bit of bf16. For an infinity or a NaN, p = 2 has it and the others are 0. Rows of a are `stride` apart, those of out are dense. Traffic per element:
// 4 bytes read, 6 written. Example: 1.00390625 + 2^-23 (0x3f808001): 2^-23, 0.00390625, 1.
extern "C" __global__ void split_pieces(const float* a, bf16* out, long long rows, int width, long long stride) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
        long long r = i / width;
        int c = (int)(i % width);
        float rest = a[r * stride + c];
        unsigned short piece[3];
#pragma unroll
        for (int p = 0; p < 3; p++) {
            piece[p] = rest != rest ? 0x7fc0 : (unsigned short)(__float_as_uint(rest) >> 16);
            bool last = rest != rest || fabsf(rest) == INFINITY;
            rest = last ? 0.f : rest - __uint_as_float((unsigned)piece[p] << 16);
        }
        unsigned short* to = reinterpret_cast<unsigned short*>(out) + r * 3 * width + c;
#pragma unroll
        for (int p = 0; p < 3; p++) to[(2 - p) * width] = piece[p];
    }
}
