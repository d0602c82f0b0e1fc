// The gate of a mixture of experts. One warp per token; scores are fp32. E <= 1024, groups <= 32 of equal size, K <= 32.
#include "common.cuh"

// scores[t] = softmax(logits[t]) (mode 0) or sigmoid(logits[t]) (mode 1). Traffic: 4 T E bytes read, 4 T E written.
// Example: logits [0, ln 3]: softmax [0.25, 0.75]; sigmoid [0.5, 0.75].
extern "C" __global__ void gate_scores(const float* logits, float* scores, long long tokens, int experts, int mode) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        const float* in = logits + t * experts;
        float* out = scores + t * experts;
        if (mode == 1) {
            for (int e = lane; e < experts; e += 32) out[e] = 1.f / (1.f + expf(-in[e]));
            continue;
        }
        float top = -INFINITY, sum = 0.f;
        for (int e = lane; e < experts; e += 32) top = fmaxf(top, in[e]);
        top = warpMax(top);
        for (int e = lane; e < experts; e += 32) sum += expf(in[e] - top);
        sum = warpSum(sum);
        for (int e = lane; e < experts; e += 32) out[e] = expf(in[e] - top) / sum;
    }
}

// The best (value, index) over the lanes of a warp: the highest value; among equal values the lowest index.
__device__ __forceinline__ void best(float& value, int& index) {
#pragma unroll
    for (int o = 16; o > 0; o >>= 1) {
        float v = __shfl_xor_sync(0xffffffffu, value, o);
        int i = __shfl_xor_sync(0xffffffffu, index, o);
        if (v > value || (v == value && i < index)) {
            value = v;
            index = i;
        }
    }
}

// ids[t, k] = the k-th best expert by scores + bias, within the `kept` best groups. Groups are ranked by the sum of their two largest values or, if `largest`,
// by their largest value. NaN counts as infinite. Candidates are kept in shared memory, E floats per warp. Traffic: 4 T E bytes read, 4 T K written.
// Example: scores [.1 .4 .3 .2], bias 0, K 2: ids [1, 2]. With groups {0,1}, {2,3} and 1 kept: sums .5 and .5, tie to group 0: ids [1, 0];
// by the largest, .4 and .3: the same.
extern "C" __global__ void gate_select(const float* scores, const float* bias, int* ids, long long tokens, int experts, int topK, int groups, int kept,
                                       int largest) {
    extern __shared__ float choices[];
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    float* choice = choices + (threadIdx.x >> 5) * experts;
    int groupSize = experts / groups;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        for (int e = lane; e < experts; e += 32) {
            float c = scores[t * experts + e] + bias[e];
            choice[e] = isnan(c) ? INFINITY : c;
        }
        __syncwarp();
        if (kept < groups) {
            float first = -INFINITY, second = -INFINITY;
            if (lane < groups)
                for (int e = lane * groupSize; e < (lane + 1) * groupSize; e++) {
                    float c = choice[e];
                    if (c > first) {
                        second = first;
                        first = c;
                    } else if (c > second) {
                        second = c;
                    }
                }
            float value = lane < groups ? (groupSize > 1 && !largest ? first + second : first) : -INFINITY;
            bool chosen = false;
            for (int k = 0; k < kept; k++) {
                float v = lane < groups && !chosen ? value : -INFINITY;
                int i = lane < groups && !chosen ? lane : 64;
                best(v, i);
                chosen |= i == lane;
            }
            if (lane < groups && !chosen)
                for (int e = lane * groupSize; e < (lane + 1) * groupSize; e++) choice[e] = NAN;  // group not kept: NaN compares false with everything
            __syncwarp();
        }
        for (int k = 0; k < topK; k++) {
            float v = -INFINITY;
            int i = 1 << 30;
            for (int e = lane; e < experts; e += 32)
                if (choice[e] > v || (choice[e] == v && i == 1 << 30)) {
                    v = choice[e];
                    i = e;
                }
            best(v, i);
            if (lane == 0) ids[t * topK + k] = i;
            if ((i & 31) == lane) choice[i] = NAN;  // already chosen: NaN compares false with everything
            __syncwarp();
        }
    }
}

// ids[n] = n mod E. Traffic: 4 N bytes written. Example: E 4, T 2, K 3: [0 1 2], [3 0 1].
extern "C" __global__ void gate_round_robin(int* ids, long long rows, int experts) {
    for (long long n = blockIdx.x * (long long)blockDim.x + threadIdx.x; n < rows; n += (long long)gridDim.x * blockDim.x) ids[n] = (int)(n % experts);
}

// weights[t, k] = scale scores[t, ids[t, k]] / (normalise ? sum over k + 1e-20 : 1). One thread per token. Traffic: 8 T K bytes read, 4 T K written.
// Example: scores .4 and .1, normalised, scale 2: [1.6, .4].
extern "C" __global__ void gate_weights(const float* scores, const int* ids, float* weights, long long tokens, int experts, int topK, int normalise, float scale) {
    for (long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x; t < tokens; t += (long long)gridDim.x * blockDim.x) {
        float sum = 0.f;
        for (int k = 0; k < topK; k++) sum += scores[t * experts + ids[t * topK + k]];
        float factor = normalise ? scale / (sum + 1e-20f) : scale;
        for (int k = 0; k < topK; k++) weights[t * topK + k] = factor * scores[t * experts + ids[t * topK + k]];
    }
}

// dlogits[t] from dweights[t]. With s = scores and Z = sum of the chosen scores + 1e-20 (if not normalised: Z = 1), w_k = scale s_k / Z. So ds_k = scale
// (dw_k - sum_j dw_j s_j / Z) / Z, without the sum if not normalised, and ds_e = 0 for experts that were not chosen; softmax: dlogit_e = s_e (ds_e - sum_j
// ds_j s_j); sigmoid: dlogit_e = ds_e s_e (1 - s_e). One warp per token.
// Traffic: 4 T (E + 2 K) bytes read, 4 T E written. Example: softmax scores [.25 .75], K 1, id 1, dw 1, scale 1: ds = [0 1], dlogits = [-.1875, .1875].
extern "C" __global__ void gate_backward(const float* scores, const int* ids, const float* dweights, float* dlogits, long long tokens, int experts, int topK, int mode,
                                         int normalise, float scale) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        const float* s = scores + t * experts;
        int id = lane < topK ? ids[t * topK + lane] : -1;
        float sk = lane < topK ? s[id] : 0.f, dw = lane < topK ? dweights[t * topK + lane] : 0.f;
        float total = normalise ? warpSum(sk) + 1e-20f : 1.f;
        float shared = normalise ? warpSum(dw * sk) / total : 0.f;
        float ds = lane < topK ? scale * (dw - shared) / total : 0.f;
        float inner = mode == 0 ? warpSum(ds * sk) : 0.f;
        for (int e = lane; e < experts; e += 32) dlogits[t * experts + e] = mode == 0 ? -s[e] * inner : 0.f;
        __syncwarp();
        if (lane < topK) dlogits[t * experts + id] = mode == 0 ? sk * (ds - inner) : ds * sk * (1.f - sk);
        __syncwarp();
    }
}

// bias += d - mean(d), d = coefficient sign(mean(counts) - counts). Signs are those of total - experts * count, so that no mean is rounded. One block.
// Traffic: 8 E bytes read (then from cache), 4 E written.
// Example: counts [3 1], coefficient .1: d = [-.1 .1], bias the same.
extern "C" __global__ void gate_update_bias(const int* counts, float* bias, int experts, float coefficient) {
    __shared__ unsigned long long total;
    __shared__ int signs;
    if (threadIdx.x == 0) {
        total = 0;
        signs = 0;
    }
    __syncthreads();
    for (int e = threadIdx.x; e < experts; e += blockDim.x) atomicAdd(&total, (unsigned long long)counts[e]);
    __syncthreads();
    auto sign = [&](int e) {
        long long d = (long long)total - (long long)experts * counts[e];
        return (d > 0) - (d < 0);
    };
    for (int e = threadIdx.x; e < experts; e += blockDim.x) atomicAdd(&signs, sign(e));
    __syncthreads();
    float shift = coefficient * (float)signs / experts;
    for (int e = threadIdx.x; e < experts; e += blockDim.x) bias[e] += coefficient * (float)sign(e) - shift;
}

// totals += counts, over the experts of a layer. One block. Traffic: 8 E bytes read, 4 E written.
// Example: counts [3 1], totals [2 2]: totals [5 3].
extern "C" __global__ void gate_add_counts(const int* counts, int* totals, int experts) {
    for (int e = threadIdx.x; e < experts; e += blockDim.x) totals[e] += counts[e];
}
