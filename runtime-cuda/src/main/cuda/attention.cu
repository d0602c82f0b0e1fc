// Causal attention for head dimensions up to 256 and both types: the readable version, and the reference on the GPU. It runs only for shapes that neither the
// kernels for Hopper (attention_forward_sm90.cu) nor cuDNN support. q (B, S, H, Q), k (B, S, G, Q), v (B, S, G, V), o (B, S, H, V), lse and delta (B, H, S);
// strides b, s, h are in elements. `perKey` = H / G adjacent query heads attend over one key head and its values: query head h over key head h / perKey.
// `starts` says where documents begin, see documents.cuh.
#include "common.cuh"
#include "documents.cuh"

// One warp per query row (b, s, h). Keys are visited in order with a running maximum and sum (online softmax); each lane holds every 32nd element of the sum of
// values. Q and V are at most 32 * PER_LANE. Traffic: q read and o written once; about S / 2 keys and values per row, from L2.
// Example: S 3, Q 1, V 1, scale 1, q = k = [0, 0, 0], v = [2, 4, 8], starts [0, 0, 2]: o = [2, 3, 8], lse = [0, ln 2, 0].
static constexpr int PER_LANE = 8;

template <typename T>
__device__ void attend(const T* q, const T* k, const T* v, T* o, float* lse, const int* starts, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd,
                       long long qb, long long qs, long long qh, long long kb, long long ks, long long kh, long long vb, long long vs, long long vh) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    long long rows = batch * heads * sequence;
    for (long long r = blockIdx.x * (long long)warps + (threadIdx.x >> 5); r < rows; r += (long long)gridDim.x * warps) {
        long long s = r % sequence, bh = r / sequence, h = bh % heads, b = bh / heads, g = h / perKey;
        float qr[PER_LANE], acc[PER_LANE];
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            qr[i] = d < qd ? load(q + b * qb + s * qs + h * qh + d) : 0.f;
            acc[i] = 0.f;
        }
        float top = -INFINITY, sum = 0.f;
        for (long long j = checkedFirstKey(starts, b, sequence, s); j <= s; j++) {
            float dot = 0.f;
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < qd) dot = fmaf(qr[i], load(k + b * kb + j * ks + g * kh + d), dot);
            }
            float score = warpSum(dot) * scale, higher = fmaxf(top, score);
            float keep = expf(top - higher), p = expf(score - higher);
            sum = sum * keep + p;
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < vd) acc[i] = acc[i] * keep + p * load(v + b * vb + j * vs + g * vh + d);
            }
            top = higher;
        }
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            if (d < vd) store(o + ((b * sequence + s) * heads + h) * vd + d, acc[i] / sum);
        }
        if (lane == 0) lse[(b * heads + h) * sequence + s] = top + logf(sum);
    }
}

// dq of row s = sum over its keys j <= s of ds[s, j] k[j], where ds = p (do . v[j] - delta[s]) scale, p = exp(score - lse[s]), and delta[s] = do[s] . o[s]
// (stored for attendBackwardKey). One warp per query row. Traffic: about S / 2 keys and values per row, from L2.
// The example with do = [1, 1, 1]: delta = [2, 3, 8], p[1] = [0.5, 0.5], ds[1] = [-0.5, 0.5]; dq is 0 because k is.
template <typename T>
__device__ void attendBackwardQuery(const T* q, const T* k, const T* v, const T* o, const float* lse, const T* dout, float* delta, T* dq, const int* starts, float scale,
                                    long long batch, long long sequence, int heads, int perKey, int qd, int vd, long long qb, long long qs, long long qh, long long kb,
                                    long long ks, long long kh, long long vb, long long vs, long long vh, long long dqb, long long dqs, long long dqh) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    long long rows = batch * heads * sequence;
    for (long long r = blockIdx.x * (long long)warps + (threadIdx.x >> 5); r < rows; r += (long long)gridDim.x * warps) {
        long long s = r % sequence, bh = r / sequence, h = bh % heads, b = bh / heads, g = h / perKey, row = ((b * sequence + s) * heads + h) * vd;
        float qr[PER_LANE], gr[PER_LANE], acc[PER_LANE], d0 = 0.f;
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            qr[i] = d < qd ? load(q + b * qb + s * qs + h * qh + d) : 0.f;
            gr[i] = d < vd ? load(dout + row + d) : 0.f;
            if (d < vd) d0 = fmaf(gr[i], load(o + row + d), d0);
            acc[i] = 0.f;
        }
        d0 = warpSum(d0);
        if (lane == 0) delta[(b * heads + h) * sequence + s] = d0;
        float l = lse[(b * heads + h) * sequence + s];
        for (long long j = firstKey(starts, b, sequence, s); j <= s; j++) {
            float dot = 0.f, dp = 0.f;
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < qd) dot = fmaf(qr[i], load(k + b * kb + j * ks + g * kh + d), dot);
                if (d < vd) dp = fmaf(gr[i], load(v + b * vb + j * vs + g * vh + d), dp);
            }
            float p = expf(warpSum(dot) * scale - l), ds = p * (warpSum(dp) - d0) * scale;
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < qd) acc[i] = fmaf(ds, load(k + b * kb + j * ks + g * kh + d), acc[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            if (d < qd) store(dq + b * dqb + s * dqs + h * dqh + d, acc[i]);
        }
    }
}

// dk and dv of row j of a key head: sums of ds[s, j] q[s] and of p[s, j] do[s] over its query heads and, in each of them, over the queries s >= j of its
// document, in this order. One warp per key row. Traffic: about perKey S / 2 rows of q and do per row, from L2.
// The example with do = [1, 1, 1]: dv = [1 + 0.5, 0.5, 1] = [1.5, 0.5, 1]; dk is 0 because q is.
template <typename T>
__device__ void attendBackwardKey(const T* q, const T* k, const T* v, const float* lse, const T* dout, const float* delta, T* dk, T* dv, const int* starts, float scale,
                                  long long batch, long long sequence, int heads, int perKey, int qd, int vd, long long qb, long long qs, long long qh, long long kb,
                                  long long ks, long long kh, long long vb, long long vs, long long vh, long long dkb, long long dks, long long dkh,
                                  long long dvb, long long dvs, long long dvh) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    int keyHeads = heads / perKey;
    long long rows = batch * keyHeads * sequence;
    for (long long r = blockIdx.x * (long long)warps + (threadIdx.x >> 5); r < rows; r += (long long)gridDim.x * warps) {
        long long j = r % sequence, bg = r / sequence, g = bg % keyHeads, b = bg / keyHeads;
        float kr[PER_LANE], vr[PER_LANE], ka[PER_LANE], va[PER_LANE];
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            kr[i] = d < qd ? load(k + b * kb + j * ks + g * kh + d) : 0.f;
            vr[i] = d < vd ? load(v + b * vb + j * vs + g * vh + d) : 0.f;
            ka[i] = va[i] = 0.f;
        }
        for (long long h = g * perKey; h < (g + 1) * perKey; h++) {
            for (long long s = j; s < sequence && firstKey(starts, b, sequence, s) <= j; s++) {
                long long row = ((b * sequence + s) * heads + h) * vd, at = (b * heads + h) * sequence + s;
                float dot = 0.f, dp = 0.f;
#pragma unroll
                for (int i = 0; i < PER_LANE; i++) {
                    int d = lane + 32 * i;
                    if (d < qd) dot = fmaf(load(q + b * qb + s * qs + h * qh + d), kr[i], dot);
                    if (d < vd) dp = fmaf(load(dout + row + d), vr[i], dp);
                }
                float p = expf(warpSum(dot) * scale - lse[at]), ds = p * (warpSum(dp) - delta[at]) * scale;
#pragma unroll
                for (int i = 0; i < PER_LANE; i++) {
                    int d = lane + 32 * i;
                    if (d < qd) ka[i] = fmaf(ds, load(q + b * qb + s * qs + h * qh + d), ka[i]);
                    if (d < vd) va[i] = fmaf(p, load(dout + row + d), va[i]);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            int d = lane + 32 * i;
            if (d < qd) store(dk + b * dkb + j * dks + g * dkh + d, ka[i]);
            if (d < vd) store(dv + b * dvb + j * dvs + g * dvh + d, va[i]);
        }
    }
}
#define STRIDES(x) long long x##b, long long x##s, long long x##h
#define PASS(x) x##b, x##s, x##h
#define ATTENTION(name, T)                                                                                                                           \
    extern "C" __global__ void attention_##name(const T* q, const T* k, const T* v, T* o, float* lse, const int* starts, float scale, long long batch, long long sequence,  \
                                                int heads, int perKey, int qd, int vd, STRIDES(q), STRIDES(k), STRIDES(v)) {                                     \
        attend(q, k, v, o, lse, starts, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v));                                                   \
    }                                                                                                                                                \
    extern "C" __global__ void attention_backward_q_##name(const T* q, const T* k, const T* v, const T* o, const float* lse, const T* dout, float* delta, \
                                                           T* dq, const int* starts, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd,       \
                                                           STRIDES(q), STRIDES(k), STRIDES(v), STRIDES(dq)) {                                        \
        attendBackwardQuery(q, k, v, o, lse, dout, delta, dq, starts, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v), PASS(dq));           \
    }                                                                                                                                                \
    extern "C" __global__ void attention_backward_kv_##name(const T* q, const T* k, const T* v, const float* lse, const T* dout, const float* delta, \
                                                            T* dk, T* dv, const int* starts, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd, \
                                                            STRIDES(q), STRIDES(k), STRIDES(v), STRIDES(dk), STRIDES(dv)) {                          \
        attendBackwardKey(q, k, v, lse, dout, delta, dk, dv, starts, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v), PASS(dk), PASS(dv));  \
    }
FOR_EACH_TYPE(ATTENTION)

// For the gradient of grouped queries with kernels that need as many key heads as query heads: it is computed in `perKey` runs. Run j has the query heads j,
// perKey + j, 2 perKey + j, ..., one for each key head.

// parts[j, b, g, s] = lse[b, g perKey + j, s]: a run is contiguous; runs begin `apart` elements apart. Traffic: 4 B H S bytes read, 4 B H S written.
// Example: B 1, S 1, H 4, perKey 2, apart 4: [1, 2, 3, 4] becomes [1, 3, -, -, 2, 4, -, -], where - is not written.
extern "C" __global__ void attention_split_heads(const float* lse, float* parts, long long apart, long long batch, long long sequence, int heads, int perKey) {
    long long total = batch * heads * sequence, run = total / perKey;
    int keyHeads = heads / perKey;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        long long j = i / run, r = i % run, s = r % sequence, g = r / sequence % keyHeads, b = r / sequence / keyHeads;
        parts[j * apart + r] = lse[(b * heads + g * perKey + j) * sequence + s];
    }
}

// out[b, s, g] = sum over j of parts[j, b, s, g], each `width` elements, a multiple of 8; in fp32, in the order of j, rounded once. `parts` is contiguous.
// Traffic: (perKey + 1) B S G width elements. Example: B 1, S 1, G 1, perKey 2: rows [1, ...] and [2, ...] give [3, ...].
template <typename T>
__device__ void sumRuns(const T* parts, T* out, long long batch, long long sequence, int keyHeads, int perKey, int width, long long ob, long long os, long long oh) {
    int perRow = width / 8;
    long long rows = batch * sequence * keyHeads, total = rows * perRow;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
        long long row = i / perRow, g = row % keyHeads, s = row / keyHeads % sequence, b = row / keyHeads / sequence;
        int at = (int)(i % perRow) * 8;
        float sum[8] = {}, v[8];
        for (int j = 0; j < perKey; j++) {
            loadEight(parts + (j * rows + row) * width + at, v);
#pragma unroll
            for (int e = 0; e < 8; e++) sum[e] += v[e];
        }
        storeEight(out + b * ob + s * os + g * oh + at, sum);
    }
}
#define SUM_RUNS(name, T)                                                                                                                             \
    extern "C" __global__ void attention_sum_runs_##name(const T* parts, T* out, long long batch, long long sequence, int keyHeads, int perKey, int width, \
                                                         long long ob, long long os, long long oh) {                                                  \
        sumRuns(parts, out, batch, sequence, keyHeads, perKey, width, ob, os, oh);                                                                    \
    }
FOR_EACH_TYPE(SUM_RUNS)
