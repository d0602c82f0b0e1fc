// The gradient of queries in attention on Hopper without a workspace, see attention_backward_sm90.cuh. Each block of threads processes
// blocks of 128 queries, one at a time. A producer thread copies keys and values; each of two warpgroups has 64 queries. While the exponentials of a tile are
// computed, the products for its dp and for dq of the previous tile run.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_backward_sm90.cuh"

namespace attention90 {
template <int Q, int V, int STAGES>
struct QueriesAnewShared {
    unsigned char q[Q / 64][BLOCK * 128], out[V / 64][BLOCK * 128];
    unsigned char k[STAGES][Q / 64][TILE * 128], v[STAGES][V / 64][TILE * 128];
    unsigned char staging[8][STAGING];
    Places places;
    uint64_t queriesFull, queriesEmpty, kFull[STAGES], kEmpty[STAGES], vFull[STAGES], vEmpty[STAGES];
};

template <int Q, int V, int STAGES>
__device__ __forceinline__ void produceForQueriesAnew(const BackwardMaps& maps, const Problem& p, const Walk& walk, QueriesAnewShared<Q, V, STAGES>& shared, int* next) {
    Ring<STAGES> ring;
    int turn = 0;
    uint32_t phase = 0;
    for (int at; (at = shared.places.ask(next, turn++)) < walk.count(); phase ^= 1) {
        int block, head;
        walk.find(at, block, head);
        block = walk.blocks - 1 - block;
        const int row = block * BLOCK, b = head / p.heads, h = head % p.heads, g = h / p.perKey;
        const int first = p.firstKey(b, row) / TILE;
        barrierWait(&shared.queriesEmpty, phase ^ 1);
        barrierExpect(&shared.queriesFull, sizeof(shared.q) + sizeof(shared.out));
        copyTile<Q, BLOCK>(shared.q[0], maps.q, &shared.queriesFull, row, h, b);
        copyTile<V, BLOCK>(shared.out[0], maps.out, &shared.queriesFull, row, h, b);
        for (int j = 2 * block + 1; j >= first; j--, ring.next()) {
            barrierWait(&shared.kEmpty[ring.stage], ring.phase ^ 1);
            barrierExpect(&shared.kFull[ring.stage], sizeof(shared.k[0]));
            copyTile<Q, TILE>(shared.k[ring.stage][0], maps.k, &shared.kFull[ring.stage], j * TILE, g, b);
            barrierWait(&shared.vEmpty[ring.stage], ring.phase ^ 1);
            barrierExpect(&shared.vFull[ring.stage], sizeof(shared.v[0]));
            copyTile<V, TILE>(shared.v[ring.stage][0], maps.v, &shared.vFull[ring.stage], j * TILE, g, b);
        }
    }
}

template <int Q, int V, int STAGES>
__device__ __forceinline__ void consumeForQueriesAnew(const RowValues* values, const Problem& p, const Walk& walk, QueriesAnewShared<Q, V, STAGES>& shared,
                                                      int group, const QueriesResult& result) {
    const int lane = threadIdx.x & 31, warp = (threadIdx.x >> 5) & 3;
    const float factor = p.scale * LOG2E;
    const uint32_t qAddress = sharedAddress(shared.q) + group * TILE * 128, outAddress = sharedAddress(shared.out) + group * TILE * 128;
    Ring<STAGES> scoreRing, ring;
    uint32_t phase = 0;
    int turn = 0;
    for (;; phase ^= 1) {
        const int at = shared.places.read(turn++);
        if (at >= walk.count()) break;
        int block, head;
        walk.find(at, block, head);
        block = walk.blocks - 1 - block;
        const int rowOfWarp = block * BLOCK + group * TILE + warp * 16, row = rowOfWarp + (lane >> 2), b = head / p.heads;
        const RowValues& rows = values[(long long)head * 2 * walk.blocks + 2 * block + group];
        float lse[2], delta[2];
        int from[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
            const int i = warp * 16 + (lane >> 2) + 8 * r;
            lse[r] = rows.lse[i];
            delta[r] = rows.delta[i];
            from[r] = rows.from[i];
        }
        const int first = p.firstKey(b, block * BLOCK) / TILE;
        const int masked = p.firstKey(b, min(block * BLOCK + BLOCK, p.sequence) - 1);  // tiles that begin before this key are masked

        float s[TILE / 2], dp[TILE / 2], dq[Q / 2];
        uint32_t ds[TILE / 4];
#pragma unroll
        for (int i = 0; i < Q / 2; i++) dq[i] = 0.f;
        pin(dq);
        barrierWait(&shared.queriesFull, phase);
        barrierWait(&shared.kFull[scoreRing.stage], scoreRing.phase);
        pin(s);
        wgmmaFence();
        products<Q, BLOCK, TILE>(s, qAddress, sharedAddress(shared.k[scoreRing.stage]));
        wgmmaCommit();
        wgmmaCommit();  // an empty group, because in later passes a product that adds to dq follows here
        int previous = -1;
        for (int j = 2 * block + 1;; j--) {
            const int stage = ring.stage;
            barrierWait(&shared.vFull[stage], ring.phase);
            ring.next();
            scoreRing.next();
            pin(dp);
            wgmmaFence();
            products<V, BLOCK, TILE>(dp, outAddress, sharedAddress(shared.v[stage]));
            wgmmaCommit();
            wgmmaWait<2>();
            pin(s);
#pragma unroll
            for (int i = 0; i < TILE / 2; i++) s[i] = power(fmaf(s[i], factor, -lse[(i >> 1) & 1]));
            if (j >= 2 * block || j * TILE < masked) {
#pragma unroll
                for (int i = 0; i < TILE / 2; i++) {
                    const int key = j * TILE + 8 * (i >> 2) + 2 * (lane & 3) + (i & 1), r = (i >> 1) & 1;
                    if (key > row + 8 * r || key < from[r]) s[i] = 0.f;
                }
            }
            wgmmaWait<0>();
            pin(dp);
            pin(dq);
            if (previous >= 0) release(&shared.kEmpty[previous]);
            previous = stage;
            release(&shared.vEmpty[stage]);
#pragma unroll
            for (int i = 0; i < TILE / 4; i++) {
                const int r = i & 1;
                ds[i] = packed(s[2 * i] * (dp[2 * i] - delta[r]), s[2 * i + 1] * (dp[2 * i + 1] - delta[r]));
            }
            const auto add = [&] {
                pin(dq);
                wgmmaFence();
                addProducts<TILE>(dq, ds, sharedAddress(shared.k[stage]));
                wgmmaCommit();
            };
            if (j == first) {
                add();
                break;
            }
            barrierWait(&shared.kFull[scoreRing.stage], scoreRing.phase);
            pin(s);
            wgmmaFence();
            products<Q, BLOCK, TILE>(s, qAddress, sharedAddress(shared.k[scoreRing.stage]));
            wgmmaCommit();
            add();
        }
        release(&shared.queriesEmpty);
        wgmmaWait<0>();
        pin(dq);
        release(&shared.kEmpty[previous]);
#pragma unroll
        for (int i = 0; i < Q / 2; i++) dq[i] *= p.scale;
        bf16* to = result.dq + b * result.batch + rowOfWarp * result.row + head % p.heads * result.head;
        storeRows(dq, shared.staging[group * 4 + warp], to, result.row, p.sequence - rowOfWarp, Q, true, false);
    }
}

template <int Q, int V, int STAGES>
__device__ __forceinline__ void gradientOfQueriesAnew(const BackwardMaps& maps, const RowValues* rows, const Problem& p, const QueriesResult& result, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<QueriesAnewShared<Q, V, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.places.init(8);
        initRing(shared.queriesFull, shared.queriesEmpty, READERS);
        initRing(shared.kFull, shared.kEmpty, READERS);
        initRing(shared.vFull, shared.vEmpty, READERS);
        fenceAsync();
    }
    __syncthreads();
    const Walk walk(p.blocks(), p.batch * p.heads, 2ll * p.sequence * (Q + V) / p.perKey + 1);
    const int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
    if (group == 0) {
        registersDown<56>();
        if (threadIdx.x == 0) produceForQueriesAnew<Q, V, STAGES>(maps, p, walk, shared, next);
    } else {
        registersUp<224>();
        consumeForQueriesAnew<Q, V, STAGES>(rows, p, walk, shared, group - 1, result);
    }
}
}  // namespace attention90

// The maps of q and dout have boxes of 128 rows, those of k and v of 64. `next` points to a counter, which is 0 before the launch.
#define ATTENTION_QUERIES_ANEW_SM90(Q, V, STAGES)                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(attention90::THREADS, 1) attention_queries_anew_sm90_##Q##x##V(                                                   \
        const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, const __grid_constant__ TensorMap dout,     \
        const attention90::RowValues* rows, bf16* dq, const int* starts, float scale, int batch, int sequence, int heads, int perKey, long long dqb,               \
        long long dqs, long long dqh, int* next) {                                                                                                                 \
        attention90::gradientOfQueriesAnew<Q, V, STAGES>({&q, &k, &v, &dout}, rows, {starts, scale, batch, sequence, heads, perKey}, {dq, dqb, dqs, dqh}, next);   \
    }
ATTENTION_QUERIES_ANEW_SM90(192, 128, 3)
ATTENTION_QUERIES_ANEW_SM90(128, 128, 3)
#endif
