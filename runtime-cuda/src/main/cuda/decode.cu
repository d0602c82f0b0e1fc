// Attention of the last T tokens of a sequence over all its L tokens, whose keys and values come from a cache. H query heads attend over G = H / perKey key
// heads. q (T, H, Q), k (L, G, Q), v (L, G, V), o (T, H, V). Query t sees the keys 0 to L - T + t.
#include "common.cuh"

// One block per query row (t, h). Each of its warps visits every 8th key with a running maximum and sum (online softmax); each lane holds every 32nd element of
// the warp's sum of values. At the end the warps' sums are rescaled to the largest maximum and added in the order of the warps. Q and V are at most
// 32 * DECODE_PER_LANE = 640; the latent keys of MLA have 576 elements. Traffic: each row reads up to L keys and values; heads that share them read from L2.
// Example: L 2, T 1, Q 1, V 1, scale 1, q = [0], k = [0, 0], v = [2, 4]: o = [3].
static constexpr int DECODE_PER_LANE = 20;
static constexpr int DECODE_WARPS = 8;

template <typename T>
__device__ void decode(const T* q, const T* k, const T* v, T* o, float scale, long long queries, long long keys, int heads, int perKey, int qd, int vd, long long qt,
                       long long qh, long long kl, long long kg, long long vl, long long vg, long long ot, long long oh) {
    extern __shared__ float sums[];  // (DECODE_WARPS, V)
    __shared__ float tops[DECODE_WARPS], totals[DECODE_WARPS];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    for (long long r = blockIdx.x; r < queries * heads; r += gridDim.x) {
        long long t = r / heads, h = r % heads, g = h / perKey, seen = keys - queries + t + 1;
        float qr[DECODE_PER_LANE], acc[DECODE_PER_LANE];
#pragma unroll
        for (int i = 0; i < DECODE_PER_LANE; i++) {
            int d = lane + 32 * i;
            qr[i] = d < qd ? load(q + t * qt + h * qh + d) : 0.f;
            acc[i] = 0.f;
        }
        float top = -INFINITY, sum = 0.f;
        for (long long j = warp; j < seen; j += DECODE_WARPS) {
            const T *key = k + j * kl + g * kg, *value = v + j * vl + g * vg;
            float dot = 0.f;
#pragma unroll
            for (int i = 0; i < DECODE_PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < qd) dot = fmaf(qr[i], load(key + d), dot);
            }
            float score = warpSum(dot) * scale, higher = fmaxf(top, score);
            float keep = expf(top - higher), p = expf(score - higher);
            sum = sum * keep + p;
#pragma unroll
            for (int i = 0; i < DECODE_PER_LANE; i++) {
                int d = lane + 32 * i;
                if (d < vd) acc[i] = acc[i] * keep + p * load(value + d);
            }
            top = higher;
        }
        __syncthreads();  // the sums of the previous row have been read
#pragma unroll
        for (int i = 0; i < DECODE_PER_LANE; i++) {
            int d = lane + 32 * i;
            if (d < vd) sums[warp * vd + d] = acc[i];
        }
        if (lane == 0) {
            tops[warp] = top;
            totals[warp] = sum;
        }
        __syncthreads();
        float highest = -INFINITY, total = 0.f, factors[DECODE_WARPS];
#pragma unroll
        for (int w = 0; w < DECODE_WARPS; w++) highest = fmaxf(highest, tops[w]);
#pragma unroll
        for (int w = 0; w < DECODE_WARPS; w++) {
            factors[w] = expf(tops[w] - highest);  // 0 for a warp that saw no key
            total = fmaf(factors[w], totals[w], total);
        }
        for (int d = threadIdx.x; d < vd; d += blockDim.x) {
            float out = 0.f;
#pragma unroll
            for (int w = 0; w < DECODE_WARPS; w++) out = fmaf(factors[w], sums[w * vd + d], out);
            store(o + t * ot + h * oh + d, out / total);
        }
    }
}
#define DECODE(name, T)                                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(32 * DECODE_WARPS)                                                                                        \
        decode_##name(const T* q, const T* k, const T* v, T* o, float scale, long long queries, long long keys, int heads, int perKey, int qd, int vd,     \
                      long long qt, long long qh, long long kl, long long kg, long long vl, long long vg, long long ot, long long oh) {                    \
        decode(q, k, v, o, scale, queries, keys, heads, perKey, qd, vd, qt, qh, kl, kg, vl, vg, ot, oh);                                                   \
    }
FOR_EACH_TYPE(DECODE)
