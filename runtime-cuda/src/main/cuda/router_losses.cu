// Losses of the routing of tokens; see RoutingOps.losses. One warp per token; logits are fp32. E <= 1024.
#include "common.cuh"

// counts[b, e] = how often the tokens of sequence b have selected expert e; counts must be zero before. Integers, so that the order does not matter.
// Traffic: 4 T K bytes read, T K atomic additions in L2. Example: ids [0 1], [0 2], one sequence, E 3: counts [2 1 1].
extern "C" __global__ void router_count(const int* ids, int* counts, long long rows, long long rowsOfSequence, int experts) {
    for (long long n = blockIdx.x * (long long)blockDim.x + threadIdx.x; n < rows; n += (long long)gridDim.x * blockDim.x)
        atomicAdd(counts + n / rowsOfSequence * experts + ids[n], 1);
}

// What a warp computes for a token: the largest logit, the sum of exp(logit - largest), the sum of scores, and the balance term.
struct RouterToken {
    float top, powers, scores, term;
    int lane, experts, sigmoid;
    const float* logits;
    const int* counts;
    float share; // E / (K S)

    __device__ __forceinline__ float power(int e) const { return expf(logits[e] - top); }
    __device__ __forceinline__ float score(int e) const { return sigmoid ? 1.f / (1.f + expf(-logits[e])) : power(e); }
    __device__ __forceinline__ float fraction(int e) const { return share * counts[e]; }
    __device__ __forceinline__ float logarithm() const { return top + logf(powers); }

    __device__ void read() {
        top = -INFINITY;
        for (int e = lane; e < experts; e += 32) top = fmaxf(top, logits[e]);
        top = warpMax(top);
        powers = scores = term = 0.f;
        for (int e = lane; e < experts; e += 32) {
            powers += power(e);
            scores += score(e);
        }
        powers = warpSum(powers);
        scores = warpSum(scores) + 1e-20f;
        for (int e = lane; e < experts; e += 32) term += fraction(e) * (score(e) / scores);
        term = warpSum(term);
    }
};
__device__ __forceinline__ RouterToken routerToken(const float* logits, const int* counts, long long t, long long sequence, int experts, int sigmoid,
                                                   float share) {
    RouterToken token;
    token.lane = threadIdx.x & 31;
    token.experts = experts;
    token.sigmoid = sigmoid;
    token.logits = logits + t * experts;
    token.counts = counts + t / sequence * experts;
    token.share = share;
    token.read();
    return token;
}

// terms[0, t] and terms[1, t] = the balance and the z term of token t. Traffic: 8 T E bytes read, 8 T written.
// Example: logits [0, ln 3], softmax, counts [1 1] of one sequence of one token, K 2: share 1; scores [.25 .75]; terms 1 and (ln 4)^2.
extern "C" __global__ void router_losses(const float* logits, const int* counts, float* terms, long long tokens, long long sequence, int experts, int sigmoid,
                                         float share) {
    int warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        RouterToken token = routerToken(logits, counts, t, sequence, experts, sigmoid, share);
        if (token.lane == 0) {
            terms[t] = token.term;
            terms[tokens + t] = token.logarithm() * token.logarithm();
        }
    }
}

// sums[i] += the sum of row i of terms; one block, in a fixed order. Traffic: 8 T bytes read. Example: terms [1 2], [3 4], sums [10 20]: [13 27].
extern "C" __global__ void router_losses_sum(const float* terms, long long tokens, float* sums) {
    __shared__ float scratch[32];
    for (int which = 0; which < 2; which++) {
        float own = 0.f;
        for (long long t = threadIdx.x; t < tokens; t += blockDim.x) own += terms[which * tokens + t];
        own = blockSum(own, scratch);
        if (threadIdx.x == 0) sums[which] += own;
    }
}

// dlogits[t] = balance (gradient of the balance term) + z (gradient of the z term). Traffic: 8 T E bytes read, 4 T E written.
// Example: the one above with counts [2 0], balance 1, z 0: share 1, fractions [2 0], term .5, d = [(2 - .5) .25, (0 - .5) .75] = [.375 -.375].
extern "C" __global__ void router_losses_backward(const float* logits, const int* counts, float* dlogits, long long tokens, long long sequence, int experts,
                                                  int sigmoid, float share, float balance, float z) {
    int warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        RouterToken token = routerToken(logits, counts, t, sequence, experts, sigmoid, share);
        float twice = 2.f * token.logarithm();
        for (int e = token.lane; e < experts; e += 32) {
            float s = token.score(e);
            float derivative = sigmoid ? s * (1.f - s) : s;
            float ofBalance = (token.fraction(e) - token.term) / token.scores * derivative;
            dlogits[t * experts + e] = balance * ofBalance + z * (twice * (token.power(e) / token.powers));
        }
    }
}
