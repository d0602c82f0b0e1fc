// The gradient of queries in attention on Hopper from the gradients of scores, see attention_backward_sm90.cuh: dq = scale ds k. Each block of threads
// processes blocks of 256 queries, one at a time; each of two warpgroups has 128 of them. So keys are read once for 256 queries.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_backward_sm90.cuh"

namespace attention90 {
template <int Q, int STAGES>
struct QueriesShared {
    unsigned char k[STAGES][Q / 64][TILE * 128];
    unsigned char ds[STAGES][4][TILE * TILE * 2];
    unsigned char staging[8][STAGING];
    Walk walk;
    Places places;
    uint64_t full[STAGES], empty[STAGES];
};

// The blocks of keys that a block of 128 queries sees: none if `block` lies after the end of the sequence.
struct Seen {
    int first, end;
    __device__ __forceinline__ Seen(const Problem& p, int batch, int block) {
        const bool present = block < p.blocks();
        first = present ? p.firstKey(batch, block * BLOCK) / BLOCK : block;
        end = present ? block + 1 : 0;
    }
    __device__ __forceinline__ bool has(int block) const { return first <= block && block < end; }
};

template <int Q, int STAGES>
__device__ __forceinline__ void produceForQueries(const TensorMap* k, const unsigned char* scores, const Problem& p, const Walk& walk,
                                                  QueriesShared<Q, STAGES>& shared, int firstHead, int* next) {
    Ring<STAGES> ring;
    int turn = 0;
    const long long tilesOfHead = tileNumber(2 * p.blocks(), 0);
    for (int at; (at = shared.places.ask(next, turn++)) < walk.count();) {
        int block, head;
        walk.find(at, block, head);
        block = 2 * (walk.blocks - 1 - block);
        const int b = (firstHead + head) / p.heads, g = (firstHead + head) % p.heads / p.perKey;
        const Seen seen[2] = {Seen(p, b, block), Seen(p, b, block + 1)};
        const unsigned char* from = scores + head * tilesOfHead * SCORES_BYTES;
        const int end = max(seen[0].end, seen[1].end);
#pragma unroll 1
        for (int j = 2 * min(seen[0].first, seen[1].first); j < 2 * end; j++, ring.next()) {
            uint64_t* full = &shared.full[ring.stage];
            const bool has[2] = {seen[0].has(j / 2), seen[1].has(j / 2)};
            barrierWait(&shared.empty[ring.stage], ring.phase ^ 1);
            barrierExpect(full, sizeof(shared.k[0]) + (has[0] ? 2 : 0) * TILE * TILE * 2 + (has[1] ? 2 : 0) * TILE * TILE * 2);
            copyTile<Q, TILE>(shared.k[ring.stage][0], k, full, j * TILE, g, b);
#pragma unroll 1
            for (int i = has[0] ? 0 : 2; i < (has[1] ? 4 : 2); i++)
                copyBytes(shared.ds[ring.stage][i], from + (long long)tileNumber(2 * block + i, j / 2) * SCORES_BYTES + (j & 1) * (TILE * TILE * 2), TILE * TILE * 2, full);
        }
    }
}

template <int Q, int STAGES>
__device__ __forceinline__ void consumeForQueries(const Problem& p, const Walk& walk, QueriesShared<Q, STAGES>& shared, int group, int firstHead,
                                                  const QueriesResult& result) {
    const int warp = (threadIdx.x >> 5) & 3;
    Ring<STAGES> ring;
    int turn = 0;
    for (;;) {
        const int at = shared.places.read(turn++);
        if (at >= walk.count()) break;
        int block, head;
        walk.find(at, block, head);
        block = 2 * (walk.blocks - 1 - block);
        const int b = (firstHead + head) / p.heads, h = (firstHead + head) % p.heads;
        const Seen seen[2] = {Seen(p, b, block), Seen(p, b, block + 1)};
        const int end = max(seen[0].end, seen[1].end);
        const int own = group == 0 ? seen[0].first : seen[1].first, ownEnd = group == 0 ? seen[0].end : seen[1].end;
        float dq[2][Q / 2];
#pragma unroll
        for (int i = 0; i < Q / 2; i++) dq[0][i] = dq[1][i] = 0.f;
        int previous = -1;
        for (int j = 2 * min(seen[0].first, seen[1].first); j < 2 * end; j++) {
            const int stage = ring.stage;
            barrierWait(&shared.full[stage], ring.phase);
            ring.next();
            if (own <= j / 2 && j / 2 < ownEnd) {
                const uint32_t a = sharedAddress(shared.ds[stage]) + group * 2 * TILE * TILE * 2, k = sharedAddress(shared.k[stage]);
                pin(dq[0]);
                pin(dq[1]);
                wgmmaFence();
#pragma unroll
                for (int i = 0; i < TILE / 16; i++) {
#pragma unroll
                    for (int m = 0; m < 2; m++) multiplyAcross(dq[m], across<TILE>(a, m * TILE * TILE * 2 + i * 2048), across<TILE>(k, i * 2048));
                }
                wgmmaCommit();
                wgmmaWait<1>();
                pin(dq[0]);
                pin(dq[1]);
                if (previous >= 0) release(&shared.empty[previous]);
                previous = stage;
            } else {
                wgmmaWait<0>();
                pin(dq[0]);
                pin(dq[1]);
                if (previous >= 0) release(&shared.empty[previous]);
                previous = -1;
                release(&shared.empty[stage]);
            }
        }
        wgmmaWait<0>();
        pin(dq[0]);
        pin(dq[1]);
        if (previous >= 0) release(&shared.empty[previous]);
        const auto store = [&](float(&d)[Q / 2], int row) {
#pragma unroll
            for (int i = 0; i < Q / 2; i++) d[i] *= p.scale;
            bf16* to = result.dq + b * result.batch + row * result.row + h * result.head;
            storeRows(d, shared.staging[group * 4 + warp], to, result.row, p.sequence - row, Q, true, false);
        };
        store(dq[0], (block + group) * BLOCK + warp * 16);
        store(dq[1], (block + group) * BLOCK + TILE + warp * 16);
    }
}

template <int Q, int STAGES>
__device__ __forceinline__ void gradientOfQueries(const TensorMap& k, const unsigned char* scores, const Problem& p, int firstHead, int heads,
                                                  const QueriesResult& result, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<QueriesShared<Q, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.walk = Walk((p.blocks() + 1) / 2, heads, 2ll * p.sequence * Q / p.perKey + 1);
        shared.places.init(8);
        initRing(shared.full, shared.empty, READERS);
        fenceAsync();
    }
    __syncthreads();
    const int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
    if (group == 0) {
        registersDown<40>();
        if (threadIdx.x == 0) produceForQueries<Q, STAGES>(&k, scores, p, shared.walk, shared, firstHead, next);
    } else {
        registersUp<232>();
        consumeForQueries<Q, STAGES>(p, shared.walk, shared, group - 1, firstHead, result);
    }
}
}  // namespace attention90

// The map of k has boxes of 64 rows. A launch processes `count` heads of queries from number `firstHead` on, counted over all sequences. `next` points to a
// counter, which is 0 before the launch.
#define ATTENTION_QUERIES_SM90(Q)                                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(attention90::THREADS, 1)                                                                                          \
        attention_queries_sm90_##Q(const __grid_constant__ TensorMap k, const unsigned char* scores, bf16* dq, const int* starts, float scale, int batch,          \
                                   int sequence, int heads, int perKey, int firstHead, int count, long long dqb, long long dqs, long long dqh, int* next) {        \
        attention90::gradientOfQueries<Q, 3>(k, scores, {starts, scale, batch, sequence, heads, perKey}, firstHead, count, {dq, dqb, dqs, dqh}, next);             \
    }
ATTENTION_QUERIES_SM90(192)
ATTENTION_QUERIES_SM90(128)
#endif
