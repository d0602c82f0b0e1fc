// Causal attention for any head dimensions and both types: the readable version, and the reference on the GPU. Large bf16 shapes go to cuDNN.
// `perKey` adjacent query heads attend over one key head and its values: query head h over key head h / perKey.
#include "common.cuh"

// One warp per query row (b, s, h). Keys are visited in order with a running maximum and sum (online softmax); each lane holds every 32nd element of the value
// accumulator. Q and V, the elements of a query or key and of a value, are at most 32 * PER_LANE.
// Traffic: about S / 2 keys and values per row from L2. Example: S 2, Q 1, V 1, scale 1, q = k = [0, 0], v = [2, 4]: o = [2, 3], lse = [0, ln 2].
static constexpr int PER_LANE = 8;

template <typename T>
__device__ void attend(const T* q, const T* k, const T* v, T* o, float* lse, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd,
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
        for (long long j = 0; j <= s; j++) {
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

// dq of row s: sum over j <= s of ds[s, j] k[j], ds = p (do . v[j] - delta[s]) scale, p = exp(score - lse[s]), delta[s] = do[s] . o[s] (stored for
// attendBackwardKey).
template <typename T>
__device__ void attendBackwardQuery(const T* q, const T* k, const T* v, const T* o, const float* lse, const T* dout, float* delta, T* dq, float scale,
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
        for (long long j = 0; j <= s; j++) {
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

// dk and dv of row j of a key head: sums over its query heads and, in each of them, over s >= j, in this order.
template <typename T>
__device__ void attendBackwardKey(const T* q, const T* k, const T* v, const float* lse, const T* dout, const float* delta, T* dk, T* dv, float scale,
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
            for (long long s = j; s < sequence; s++) {
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
    extern "C" __global__ void attention_##name(const T* q, const T* k, const T* v, T* o, float* lse, float scale, long long batch, long long sequence,  \
                                                int heads, int perKey, int qd, int vd, STRIDES(q), STRIDES(k), STRIDES(v)) {                                     \
        attend(q, k, v, o, lse, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v));                                                   \
    }                                                                                                                                                \
    extern "C" __global__ void attention_backward_q_##name(const T* q, const T* k, const T* v, const T* o, const float* lse, const T* dout, float* delta, \
                                                           T* dq, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd,       \
                                                           STRIDES(q), STRIDES(k), STRIDES(v), STRIDES(dq)) {                                        \
        attendBackwardQuery(q, k, v, o, lse, dout, delta, dq, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v), PASS(dq));           \
    }                                                                                                                                                \
    extern "C" __global__ void attention_backward_kv_##name(const T* q, const T* k, const T* v, const float* lse, const T* dout, const float* delta, \
                                                            T* dk, T* dv, float scale, long long batch, long long sequence, int heads, int perKey, int qd, int vd, \
                                                            STRIDES(q), STRIDES(k), STRIDES(v), STRIDES(dk), STRIDES(dv)) {                          \
        attendBackwardKey(q, k, v, lse, dout, delta, dk, dv, scale, batch, sequence, heads, perKey, qd, vd, PASS(q), PASS(k), PASS(v), PASS(dk), PASS(dv));  \
    }
FOR_EACH_TYPE(ATTENTION)
