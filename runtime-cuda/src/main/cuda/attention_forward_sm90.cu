// Causal attention within documents on Hopper: o = softmax(scale q k^T) v, bf16 with fp32 sums; the readable version is attention.cu.
// Each block of threads processes blocks of 128 queries of a head, one at a time. A producer thread copies keys and values. Each of two warpgroups has 64 of
// the queries, and visits the blocks of keys from the diagonal back to the block in which the first query's document begins. The product with the next keys
// runs while the exponentials of the current ones are computed. Only the diagonal block and blocks in which a document begins are masked.
// Shapes as in attention.cu. Work, B 4, S 4096, H 16, Q 192, V 128: 344 GFLOP. Each block of keys and values is read once for each block of queries that sees
// it: 2.8 GB, from L2.
// Example: S 300 with documents of 200 and 100 tokens has three blocks of queries. Block 2, queries 256 to 299, starts at key 200: it reads the blocks of
// keys 2 and 1, masks both, and skips block 0.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_sm90.cuh"

namespace attention90 {
template <int Q, int V>
struct ForwardShared {
    unsigned char q[Q / 64][BLOCK * 128];
    unsigned char k[2][Q / 64][BLOCK * 128], v[2][V / 64][BLOCK * 128];
    unsigned char staging[8][STAGING];
    Walk walk;
    Places places;
    uint64_t qFull, qEmpty, kFull[2], kEmpty[2], vFull[2], vEmpty[2];
};

// The blocks of keys that a block of queries, which begins at `row`, sees.
struct KeyBlocks {
    int first, last, masked;  // blocks before number `masked` hold keys that some query must not see

    __device__ __forceinline__ KeyBlocks(const Problem& p, int batch, int row) {
        first = p.firstKey(batch, row) / BLOCK;
        last = row / BLOCK;
        masked = (p.firstKey(batch, min(row + BLOCK, p.sequence) - 1) + BLOCK - 1) / BLOCK;
    }
};

template <int Q, int V>
__device__ __forceinline__ void produceForward(const TensorMap* q, const TensorMap* k, const TensorMap* v, const Problem& p, const Walk& walk,
                                               ForwardShared<Q, V>& shared, int* next) {
    Ring<2> ring;
    int turn = 0;
    uint32_t phase = 0;
    for (int at; (at = shared.places.ask(next, turn++)) < walk.count(); phase ^= 1) {
        int block, head;
        walk.find(at, block, head);
        const int row = (walk.blocks - 1 - block) * BLOCK, b = head / p.heads, h = head % p.heads, g = h / p.perKey;
        const KeyBlocks keys(p, b, row);
        barrierWait(&shared.qEmpty, phase ^ 1);
        barrierExpect(&shared.qFull, sizeof(shared.q));
        copyTile<Q, BLOCK>(shared.q[0], q, &shared.qFull, row, h, b);
        for (int j = keys.last; j >= keys.first; j--, ring.next()) {
            barrierWait(&shared.kEmpty[ring.stage], ring.phase ^ 1);
            barrierExpect(&shared.kFull[ring.stage], sizeof(shared.k[0]));
            copyTile<Q, BLOCK>(shared.k[ring.stage][0], k, &shared.kFull[ring.stage], j * BLOCK, g, b);
            barrierWait(&shared.vEmpty[ring.stage], ring.phase ^ 1);
            barrierExpect(&shared.vFull[ring.stage], sizeof(shared.v[0]));
            copyTile<V, BLOCK>(shared.v[ring.stage][0], v, &shared.vFull[ring.stage], j * BLOCK, g, b);
        }
    }
}

// The softmax of a thread's two rows, `row` and `row + 8`, over the blocks of keys so far.
struct Softmax {
    float top[2], sum[2], keep[2];  // largest score so far; this thread's part of the sum; factor that rescales earlier sums to a new largest score

    __device__ __forceinline__ Softmax() {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            top[r] = -INFINITY;
            sum[r] = 0.f;
        }
    }
    // Replaces scores by 2^(factor (score - top)), and adds them to the sum.
    template <int D>
    __device__ __forceinline__ void take(float (&s)[D], float factor) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float high = top[r];
#pragma unroll
            for (int i = 0; i < D / 4; i++) high = fmaxf(high, fmaxf(s[4 * i + 2 * r], s[4 * i + 2 * r + 1]));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
            keep[r] = power((top[r] - high) * factor);
            top[r] = high;
            const float shift = high * factor;
            float added = 0.f;
#pragma unroll
            for (int i = 0; i < D / 4; i++) {
                float &x = s[4 * i + 2 * r], &y = s[4 * i + 2 * r + 1];
                x = power(fmaf(x, factor, -shift));
                y = power(fmaf(y, factor, -shift));
                added += x + y;
            }
            sum[r] = fmaf(sum[r], keep[r], added);
        }
    }
};

// Sets scores to -infinity for keys after the query and for keys before its document. `row` is this thread's first row, `key` the key of its first score.
template <int D>
__device__ __forceinline__ void hideKeys(float (&s)[D], int row, int key, const int (&from)[2]) {
#pragma unroll
    for (int i = 0; i < D / 4; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const int at = key + 8 * i + (e & 1), r = e >> 1;
            if (at > row + 8 * r || at < from[r]) s[4 * i + e] = -INFINITY;
        }
    }
}

__device__ __forceinline__ void awaitTurn(int group) {
    if (group == 0) syncThreads(1, 256);
    else syncThreads(2, 256);
}
__device__ __forceinline__ void passTurn(int group) {
    if (group == 0) arriveThreads(2, 256);
    else arriveThreads(1, 256);
}

template <int Q, int V, bool TURNS>
__device__ __forceinline__ void consumeForward(const Problem& p, const Walk& walk, ForwardShared<Q, V>& shared, int group, bf16* o, float* lse) {
    const int lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3;
    const float factor = p.scale * LOG2E;
    const uint32_t qAddress = sharedAddress(shared.q) + group * TILE * 128;
    Ring<2> kRing, vRing;
    int turn = 0;
    uint32_t phase = 0;
    // Warpgroups take turns: one multiplies while the other computes exponentials.
    if (TURNS && group == 1) passTurn(group);
    for (int at; (at = shared.places.read(turn++)) < walk.count(); phase ^= 1) {
        int block, head;
        walk.find(at, block, head);
        const int first = (walk.blocks - 1 - block) * BLOCK, b = head / p.heads, h = head % p.heads;
        const int rowOfWarp = first + group * TILE + warp * 16, row = rowOfWarp + (lane >> 2), column = 2 * (lane & 3);
        const KeyBlocks keys(p, b, first);
        const int from[2] = {p.checkedFirstKey(b, min(row, p.sequence - 1)), p.checkedFirstKey(b, min(row + 8, p.sequence - 1))};

        float s[BLOCK / 2], out[V / 2];
        uint32_t weights[BLOCK / 4];
        Softmax softmax;
#pragma unroll
        for (int i = 0; i < V / 2; i++) out[i] = 0.f;

        barrierWait(&shared.qFull, phase);
        barrierWait(&shared.kFull[kRing.stage], kRing.phase);
        pin(s);
        wgmmaFence();
        products<Q, BLOCK, BLOCK>(s, qAddress, sharedAddress(shared.k[kRing.stage]));
        wgmmaCommit();
        wgmmaWait<0>();
        pin(s);
        release(&shared.kEmpty[kRing.stage]);
        kRing.next();
        hideKeys(s, row, first + column, from);
        softmax.take(s, factor);
        packFactor(weights, s);

        for (int j = keys.last - 1; j >= keys.first; j--) {
            barrierWait(&shared.kFull[kRing.stage], kRing.phase);
            if (TURNS) awaitTurn(group);
            pin(s);
            pin(out);
            wgmmaFence();
            products<Q, BLOCK, BLOCK>(s, qAddress, sharedAddress(shared.k[kRing.stage]));
            wgmmaCommit();
            barrierWait(&shared.vFull[vRing.stage], vRing.phase);
            wgmmaFence();
            addProducts<BLOCK>(out, weights, sharedAddress(shared.v[vRing.stage]));
            wgmmaCommit();
            if (TURNS) passTurn(group);
            wgmmaWait<1>();
            pin(s);
            release(&shared.kEmpty[kRing.stage]);
            kRing.next();
            if (j < keys.masked) hideKeys(s, row, j * BLOCK + column, from);
            softmax.take(s, factor);
            wgmmaWait<0>();
            pin(out);
            release(&shared.vEmpty[vRing.stage]);
            vRing.next();
#pragma unroll
            for (int i = 0; i < V / 2; i++) out[i] *= softmax.keep[(i >> 1) & 1];
            packFactor(weights, s);
        }
        release(&shared.qEmpty);
        barrierWait(&shared.vFull[vRing.stage], vRing.phase);
        pin(out);
        wgmmaFence();
        addProducts<BLOCK>(out, weights, sharedAddress(shared.v[vRing.stage]));
        wgmmaCommit();
        wgmmaWait<0>();
        pin(out);
        release(&shared.vEmpty[vRing.stage]);
        vRing.next();

#pragma unroll
        for (int r = 0; r < 2; r++) {
            float& sum = softmax.sum[r];
            sum += __shfl_xor_sync(0xffffffffu, sum, 1);
            sum += __shfl_xor_sync(0xffffffffu, sum, 2);
            if ((lane & 3) == 0 && row + 8 * r < p.sequence) lse[(long long)head * p.sequence + row + 8 * r] = softmax.top[r] * p.scale + logf(sum);
            const float inverse = 1.f / sum;
#pragma unroll
            for (int i = 0; i < V / 4; i++) out[4 * (i >> 1) + 2 * r + (i & 1)] *= inverse;
        }
        bf16* to = o + (((long long)b * p.sequence + rowOfWarp) * p.heads + h) * V;
        storeRows(out, shared.staging[group * 4 + warp], to, (long long)p.heads * V, p.sequence - rowOfWarp, V, true, false);
    }
}

template <int Q, int V, bool TURNS>
__device__ __forceinline__ void forward(const TensorMap& q, const TensorMap& k, const TensorMap& v, const Problem& p, bf16* o, float* lse, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<ForwardShared<Q, V>>(raw);
    if (threadIdx.x == 0) {
        prefetchMap(&q);
        prefetchMap(&k);
        prefetchMap(&v);
        shared.walk = Walk(p.blocks(), p.batch * p.heads, 2ll * p.sequence * (Q + V) / p.perKey + 1);
        shared.places.init(8);
        initRing(shared.qFull, shared.qEmpty, READERS);
        initRing(shared.kFull, shared.kEmpty, READERS);
        initRing(shared.vFull, shared.vEmpty, READERS);
        fenceAsync();
    }
    __syncthreads();
    const int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
    if (group == 0) {
        registersDown<40>();
        if (threadIdx.x == 0) produceForward<Q, V>(&q, &k, &v, p, shared.walk, shared, next);
    } else {
        registersUp<232>();
        consumeForward<Q, V, TURNS>(p, shared.walk, shared, group - 1, o, lse);
    }
}
}  // namespace attention90

// The maps have boxes of 128 rows. `next` points to a counter, which is 0 before the launch.
#define ATTENTION_FORWARD_SM90(Q, V)                                                                                                                               \
    extern "C" __global__ void __launch_bounds__(attention90::THREADS, 1)                                                                                          \
        attention_forward_sm90_##Q##x##V(const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, bf16* o,   \
                                         float* lse, const int* starts, float scale, int batch, int sequence, int heads, int perKey, int* next) {                  \
        attention90::forward<Q, V, true>(q, k, v, {starts, scale, batch, sequence, heads, perKey}, o, lse, next);                                                  \
    }
ATTENTION_FORWARD_SM90(192, 128)
ATTENTION_FORWARD_SM90(128, 128)
#endif
