// The gradient of attention on Hopper, bf16 with fp32 sums, in the same order in every run; the readable version is attention.cu. With
// p = 2^(scale log2(e) q k^T - lse log2(e)), dp = do v^T and ds = p (dp - do . o): dv = p^T do, dk = scale ds^T q, dq = scale ds k.
//   attention_rows_sm90          lse log2(e), do . o and the beginning of its document for each query
//   attention_keys_sm90          dk and dv: a block of threads takes one block of 128 keys after the other and goes over the queries that see it
//   attention_queries_sm90       dq from ds, which attention_keys_sm90 leaves in the workspace: a product of matrices
//   attention_queries_anew_sm90  dq without a workspace: computes ds a second time
// Work, B 4, S 4096, H 16, Q 192, V 128: 687 GFLOP for dk and dv; 206 GFLOP for dq from ds, of which 1.1 GB are written and read, or 550 GFLOP anew.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_sm90.cuh"
#include "common.cuh"

namespace attention90 {
// Of a tile of 64 queries: lse log2(e), do . o, and as bits the first key. Queries behind the end of the sequence have the largest int, and see no key.
struct RowValues {
    float lse[TILE], delta[TILE];
    int from[TILE];
    int tile, head;         // its number in the sequence, and that of the query head in all sequences
    long long firstScores;  // number of its first tile of scores, counted over all heads
};

static constexpr int SCORES_BYTES = BLOCK * TILE * 2;
// Tiles of 64 queries x 128 keys on and behind the diagonal, of one head, in the order of the queries: those of query tile t begin at number
// ceil(t / 2) (floor(t / 2) + 1). With 4 query tiles: (0, 0), (1, 0), (2, 0), (2, 1), (3, 0), (3, 1).
__device__ __forceinline__ long long tileNumber(int queryTile, int keyBlock) {
    return (long long)((queryTile + 1) / 2) * (queryTile / 2 + 1) + keyBlock;
}

// Blocks of queries, from the diagonal on, that see keys of a block: those whose first query does. Called by whole warps.
__device__ __forceinline__ int queryBlocks(const Problem& p, int batch, int keyBlock) {
    const int blocks = p.blocks() - keyBlock;
    if (p.starts == nullptr) return blocks;
    const int lane = threadIdx.x & 31, lastKey = keyBlock * BLOCK + BLOCK - 1;
    int count = 0;
#pragma unroll 1
    for (int i = 0; i < blocks; i += 32) {
        const bool sees = i + lane < blocks && p.firstKey(batch, (keyBlock + i + lane) * BLOCK) <= lastKey;
        count += __popc(__ballot_sync(0xffffffffu, sees));
    }
    return count;
}

// Accumulators of 128 keys, a tile of scores and one of their gradients take 224 registers of each of 256 threads. So there is no warpgroup for copies: the
// warp that is the last to be done with a tile starts the copies that replace it, so that none waits for another. What describes the work is in shared memory.
struct KeysWork {
    int block, head;  // of keys; block is -1 when there is no work left
    int lastTile, queryHead;  // of queries: the last tile of each head, the first head
    unsigned char* scores;    // where ds of the block would begin if it was that of the first head of all; or null
};
struct NextCopy {
    int batch, head, tile, firstTile, lastTile, left;
};

template <int Q, int V, int STAGES>
struct KeysShared {
    unsigned char k[Q / 64][BLOCK * 128], v[V / 64][BLOCK * 128];
    unsigned char q[STAGES][Q / 64][TILE * 128], out[STAGES][V / 64][TILE * 128];
    unsigned char staging[8][STAGING];
    RowValues rows[STAGES];
    KeysWork work[2];  // of even and of odd turns
    NextCopy next;
    Walk walk;
    int done[STAGES];  // warps that are done with the tile of a stage
    uint64_t keysFull, keysEmpty, full[STAGES];
};

struct KeysMaps {
    const TensorMap *q, *k, *v, *out;
};

// Starts the copies of the next tile of queries, if there is one. Runs on one thread at a time.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void copyQueries(const KeysMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, int stage) {
    NextCopy& next = shared.next;
    if (next.left == 0) return;
    const int h = next.head, t = next.tile;
    uint64_t* full = &shared.full[stage];
    barrierExpect(full, sizeof(shared.q[0]) + sizeof(shared.out[0]) + sizeof(RowValues));
    copyTile<Q, TILE>(shared.q[stage][0], maps.q, full, t * TILE, h, next.batch);
    copyBytes(&shared.rows[stage], rows + (long long)(next.batch * p.heads + h) * 2 * p.blocks() + t, sizeof(RowValues), full);
    copyTile<V, TILE>(shared.out[stage][0], maps.out, full, t * TILE, h, next.batch);
    next.left--;
    next.head = t == next.lastTile ? h + 1 : h;
    next.tile = t == next.lastTile ? next.firstTile : t + 1;
}

// A warp is done with the tile of a stage.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void doneWith(const KeysMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, int stage) {
    __syncwarp();
    if ((ownThread() & 31) == 0) {
        int before;
        asm volatile("atom.shared.acq_rel.cta.add.s32 %0, [%1], 1;" : "=r"(before) : "r"(sharedAddress(&shared.done[stage])) : "memory");
        if (before == 7) {
            shared.done[stage] = 0;
            copyQueries<Q, V, STAGES>(maps, rows, p, shared, stage);
        }
    }
    __syncwarp();
}

// Takes the next block of keys, starts the copies of its keys and values and of the first tiles of queries. Runs on one warp.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void takeKeys(const KeysMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, unsigned char* scores, int firstHead, int* counter,
                                         int turn, int stage) {
    const int lane = threadIdx.x & 31;
    const int at = __shfl_sync(0xffffffffu, lane == 0 ? atomicAdd(counter, 1) : 0, 0);
    if (at >= shared.walk.count()) {
        if (lane == 0) {
            shared.work[turn & 1].block = -1;
            barrierArrive(&shared.keysFull);
        }
        return;
    }
    int block, head;
    shared.walk.find(at, block, head);
    head += firstHead;
    const int groups = p.heads / p.perKey, b = head / groups, g = head % groups, tiles = 2 * queryBlocks(p, b, block);
    if (lane == 0) {
        barrierWait(&shared.keysEmpty, (turn & 1) ^ 1);
        const long long skipped = (long long)firstHead * p.perKey * tileNumber(2 * p.blocks(), 0);
        shared.work[turn & 1] = {block, head, 2 * block + tiles - 1, b * p.heads + g * p.perKey, scores == nullptr ? nullptr : scores + (block - skipped) * SCORES_BYTES};
        barrierExpect(&shared.keysFull, sizeof(shared.k) + sizeof(shared.v));
        copyTile<Q, BLOCK>(shared.k[0], maps.k, &shared.keysFull, block * BLOCK, g, b);
        NextCopy& next = shared.next;
        next.batch = b;
        next.head = g * p.perKey;
        next.tile = next.firstTile = 2 * block;
        next.lastTile = 2 * block + tiles - 1;
        next.left = tiles * p.perKey;
        copyQueries<Q, V, STAGES>(maps, rows, p, shared, stage);
        copyTile<V, BLOCK>(shared.v[0], maps.v, &shared.keysFull, block * BLOCK, g, b);
#pragma unroll 1
        for (int i = 1; i < STAGES; i++) copyQueries<Q, V, STAGES>(maps, rows, p, shared, (stage + i) % STAGES);
    }
}

// Loads that the compiler does not move, so that the values take registers only where they are used.
__device__ __forceinline__ int sharedInt(const int* from) {
    int value;
    asm volatile("ld.shared.s32 %0, [%1];" : "=r"(value) : "r"(sharedAddress(from)) : "memory");
    return value;
}
__device__ __forceinline__ unsigned char* sharedPointer(unsigned char* const* from) {
    unsigned long long value;
    asm volatile("ld.shared.u64 %0, [%1];" : "=l"(value) : "r"(sharedAddress(from)) : "memory");
    return reinterpret_cast<unsigned char*>(value);
}

// Sends a warp's 16 rows of 64 numbers, which are in registers as factors of addProducts(), to memory, swizzled as bulk copies leave them in shared memory.
__device__ __forceinline__ void sendRows(unsigned char* staging, const uint32_t (&a)[16], unsigned char* to) {
    const int lane = ownThread() & 31;
    if (lane == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
    __syncwarp();
#pragma unroll
    for (int k = 0; k < 4; k++)
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(staging + swizzled(lane & 15, 2 * k + (lane >> 4)))),
                     "r"(a[4 * k]), "r"(a[4 * k + 1]), "r"(a[4 * k + 2]), "r"(a[4 * k + 3])
                     : "memory");
    fenceAsync();
    __syncwarp();
    if (lane == 0) {
        asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(to), "r"(sharedAddress(staging)), "r"(STAGING) : "memory");
        asm volatile("cp.async.bulk.commit_group;" ::: "memory");
    }
}
__device__ __forceinline__ void awaitSent() {
    if ((ownThread() & 31) == 0) asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    __syncwarp();
}

struct KeysResults {
    bf16 *dk, *dv;
    long long dkBatch, dkRow, dkHead, dvBatch, dvRow, dvHead;
    unsigned char* scores;  // ds of the heads from the first on, tiles of 2 x 64 keys x 64 queries, or null
};

template <int Q, int V, int STAGES>
__device__ __forceinline__ void consumeForKeys(const KeysMaps& maps, const RowValues* values, const Problem& p, KeysShared<Q, V, STAGES>& shared, int firstHead,
                                               const KeysResults& results, int* counter) {
    constexpr bool OVERLAP = Q == 128;
    constexpr uint32_t FROM_K_TO_V = sizeof(shared.k);
    Ring<STAGES> ring;
    for (int turn = 0;; turn++) {
        if (ownThread() < 32) takeKeys<Q, V, STAGES>(maps, values, p, shared, results.scores, firstHead, counter, turn, ring.stage);
        __syncwarp();
        barrierWait(&shared.keysFull, turn & 1);
        const auto own = [&](int KeysWork::*value) { return sharedInt(&(shared.work[turn & 1].*value)); };
        if (own(&KeysWork::block) < 0) break;

        float s[TILE / 2], dp[TILE / 2], dk[Q / 2], dv[V / 2];
        uint32_t weights[TILE / 4], ds[TILE / 4];
#pragma unroll
        for (int i = 0; i < Q / 2; i++) dk[i] = 0.f;
#pragma unroll
        for (int i = 0; i < V / 2; i++) dv[i] = 0.f;

        pin(dk);
        pin(dv);
        barrierWait(&shared.full[ring.stage], ring.phase);
        // Computed anew each time: the descriptors of all operands would take 20 registers if the compiler kept them.
        const auto ownKeys = [&] { return sharedAddress(shared.k) + __shfl_sync(0xffffffffu, ownThread() >> 7, 0) * TILE * 128; };
        const auto multiplyKeys = [&](int stage) {
            pin(s);
            wgmmaFence();
            products<Q, BLOCK, TILE>(s, ownKeys(), sharedAddress(shared.q[stage]));
            wgmmaCommit();
        };
        const auto multiplyValues = [&](int stage) {
            pin(dp);
            wgmmaFence();
            products<V, BLOCK, TILE>(dp, ownKeys() + FROM_K_TO_V, sharedAddress(shared.out[stage]));
            wgmmaCommit();
        };
        const auto addToKeys = [&](int stage) {
            pin(dk);
            wgmmaFence();
            addProducts<TILE>(dk, ds, sharedAddress(shared.q[stage]));
            wgmmaCommit();
        };
        multiplyKeys(ring.stage);
        if (OVERLAP) wgmmaCommit();  // an empty group where later rounds add to dk
        multiplyValues(ring.stage);
        for (;;) {
            const int stage = ring.stage;
            ring.next();
            const int thread = ownThread(), lane = thread & 31;
            const float factor = p.scale * LOG2E;
            // Under way: scores of this tile, with OVERLAP dk of the tile before, dp of this tile.
            wgmmaWait<OVERLAP ? 2 : 1>();
            pin(s);
            const RowValues& rows = shared.rows[stage];
#pragma unroll
            for (int j = 0; j < TILE / 8; j++) {
                const float2 lse = *reinterpret_cast<const float2*>(&rows.lse[8 * j + 2 * (lane & 3)]);
                s[4 * j] = power(fmaf(s[4 * j], factor, -lse.x));
                s[4 * j + 1] = power(fmaf(s[4 * j + 1], factor, -lse.y));
                s[4 * j + 2] = power(fmaf(s[4 * j + 2], factor, -lse.x));
                s[4 * j + 3] = power(fmaf(s[4 * j + 3], factor, -lse.y));
            }
            const int firstKey = own(&KeysWork::block) * BLOCK;
            if (rows.tile * TILE < firstKey + BLOCK || rows.from[TILE - 1] > firstKey) {
                const int query = rows.tile * TILE + 2 * (lane & 3), key = firstKey + (thread >> 5) * 16 + (lane >> 2);
#pragma unroll
                for (int j = 0; j < TILE / 8; j++) {
                    const int2 from = *reinterpret_cast<const int2*>(&rows.from[8 * j + 2 * (lane & 3)]);
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        const int k = key + 8 * (e >> 1);
                        if (k > query + 8 * j + (e & 1) || k < ((e & 1) ? from.y : from.x)) s[4 * j + e] = 0.f;
                    }
                }
            }
            wgmmaWait<0>();
            pin(dp);
            pin(dk);
            if (OVERLAP && (rows.tile != 2 * own(&KeysWork::block) || rows.head != own(&KeysWork::queryHead))) doneWith<Q, V, STAGES>(maps, values, p, shared, stage == 0 ? STAGES - 1 : stage - 1);
#pragma unroll
            for (int j = 0; j < TILE / 8; j++) {
                const float2 delta = *reinterpret_cast<const float2*>(&rows.delta[8 * j + 2 * (lane & 3)]);
                weights[2 * j] = packed(s[4 * j], s[4 * j + 1]);
                weights[2 * j + 1] = packed(s[4 * j + 2], s[4 * j + 3]);
                ds[2 * j] = packed(s[4 * j] * (dp[4 * j] - delta.x), s[4 * j + 1] * (dp[4 * j + 1] - delta.y));
                ds[2 * j + 1] = packed(s[4 * j + 2] * (dp[4 * j + 2] - delta.x), s[4 * j + 3] * (dp[4 * j + 3] - delta.y));
            }
            const auto send = [&] {
                unsigned char* scores = sharedPointer(&shared.work[turn & 1].scores);
                if (scores != nullptr) sendRows(shared.staging[thread >> 5], ds, scores + rows.firstScores * SCORES_BYTES + (thread >> 5) * STAGING);
            };
            send();
            pin(dv);
            wgmmaFence();
            addProducts<TILE>(dv, weights, sharedAddress(shared.out[stage]));
            wgmmaCommit();
            if (rows.tile == own(&KeysWork::lastTile) && rows.head == own(&KeysWork::queryHead) + p.perKey - 1) {
                addToKeys(stage);
                break;
            }
            if (OVERLAP) {
                barrierWait(&shared.full[ring.stage], ring.phase);
                multiplyKeys(ring.stage);
                addToKeys(stage);
                wgmmaWait<2>();  // the weights have been multiplied: there are registers for dp
                pin(dv);
            } else {
                addToKeys(stage);
                barrierWait(&shared.full[ring.stage], ring.phase);
                multiplyKeys(ring.stage);
                wgmmaWait<1>();
                pin(dv);
                pin(dk);
            }
            multiplyValues(ring.stage);
            if (!OVERLAP) doneWith<Q, V, STAGES>(maps, values, p, shared, stage);
        }
        wgmmaWait<0>();
        pin(dk);
        pin(dv);
        doneWith<Q, V, STAGES>(maps, values, p, shared, ring.stage == 0 ? STAGES - 1 : ring.stage - 1);
        release(&shared.keysEmpty);
        awaitSent();

        const int groups = p.heads / p.perKey, b = own(&KeysWork::head) / groups, g = own(&KeysWork::head) % groups;
        const long long row = (long long)own(&KeysWork::block) * BLOCK + (ownThread() >> 5) * 16;
        unsigned char* staging = shared.staging[ownThread() >> 5];
#pragma unroll
        for (int i = 0; i < Q / 2; i++) dk[i] *= p.scale;
        storeRows(dk, staging, results.dk + b * results.dkBatch + row * results.dkRow + g * results.dkHead, results.dkRow, p.sequence - row, Q, true, false);
        storeRows(dv, staging, results.dv + b * results.dvBatch + row * results.dvRow + g * results.dvHead, results.dvRow, p.sequence - row, V, true, false);
        __syncwarp();
    }
}

template <int Q, int V, int STAGES>
__device__ __forceinline__ void gradientOfKeys(const KeysMaps& maps, const RowValues* rows, const Problem& p, int firstHead, int heads, const KeysResults& results, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<KeysShared<Q, V, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.walk = Walk(p.blocks(), heads, 2ll * p.sequence * (Q + V) * p.perKey);
        barrierInit(&shared.keysFull, 1);
        barrierInit(&shared.keysEmpty, 8);
        for (int s = 0; s < STAGES; s++) {
            barrierInit(&shared.full[s], 1);
            shared.done[s] = 0;
        }
        fenceAsync();
    }
    __syncthreads();
    consumeForKeys<Q, V, STAGES>(maps, rows, p, shared, firstHead, results, next);
}

// ---- dq anew
template <int Q, int V, int STAGES>
struct QueriesAnewShared {
    unsigned char q[Q / 64][BLOCK * 128], out[V / 64][BLOCK * 128];
    unsigned char k[STAGES][Q / 64][TILE * 128], v[STAGES][V / 64][TILE * 128];
    unsigned char staging[8][STAGING];
    Places places;
    uint64_t queriesFull, queriesEmpty, kFull[STAGES], kEmpty[STAGES], vFull[STAGES], vEmpty[STAGES];
};

template <int Q, int V, int STAGES>
__device__ __forceinline__ void produceForQueriesAnew(const KeysMaps& maps, const Problem& p, const Walk& walk, QueriesAnewShared<Q, V, STAGES>& shared, int* next) {
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

struct QueriesResult {
    bf16* dq;
    long long batch, row, head;
};

template <int Q, int V, int STAGES>
__device__ __forceinline__ void consumeForQueriesAnew(const RowValues* values, const Problem& p, const Walk& walk, QueriesAnewShared<Q, V, STAGES>& shared, int group,
                                                      const QueriesResult& result) {
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
        wgmmaCommit();  // an empty group where the next rounds have the product for dq
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
__device__ __forceinline__ void gradientOfQueriesAnew(const KeysMaps& maps, const RowValues* rows, const Problem& p, const QueriesResult& result, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<QueriesAnewShared<Q, V, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.places.init(8);
        barrierInit(&shared.queriesFull, 1);
        barrierInit(&shared.queriesEmpty, 8);
        for (int s = 0; s < STAGES; s++) {
            barrierInit(&shared.kFull[s], 1);
            barrierInit(&shared.kEmpty[s], 8);
            barrierInit(&shared.vFull[s], 1);
            barrierInit(&shared.vEmpty[s], 8);
        }
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

// ---- dq from ds. A block of threads takes 256 queries, a warpgroup 128 of them.
template <int Q, int STAGES>
struct QueriesShared {
    unsigned char k[STAGES][Q / 64][TILE * 128];
    unsigned char ds[STAGES][4][TILE * TILE * 2];
    unsigned char staging[8][STAGING];
    Walk walk;
    Places places;
    uint64_t full[STAGES], empty[STAGES];
};

// The blocks of keys that a block of 128 queries sees: none if `block` is behind the end.
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
__device__ __forceinline__ void produceForQueries(const TensorMap* k, const unsigned char* scores, const Problem& p, const Walk& walk, QueriesShared<Q, STAGES>& shared,
                                                  int firstHead, int* next) {
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
                copyBytes(shared.ds[ring.stage][i], from + tileNumber(2 * block + i, j / 2) * SCORES_BYTES + (j & 1) * (TILE * TILE * 2), TILE * TILE * 2, full);
        }
    }
}

template <int Q, int STAGES>
__device__ __forceinline__ void consumeForQueries(const Problem& p, const Walk& walk, QueriesShared<Q, STAGES>& shared, int group, int firstHead, const QueriesResult& result) {
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
                    for (int m = 0; m < 2; m++) multiplyAcross(dq[m], across<TILE>(a + m * TILE * TILE * 2 + i * 2048), across<TILE>(k + i * 2048));
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
            storeRows(d, shared.staging[group * 4 + warp], result.dq + b * result.batch + row * result.row + h * result.head, result.row, p.sequence - row, Q, true, false);
        };
        store(dq[0], (block + group) * BLOCK + warp * 16);
        store(dq[1], (block + group) * BLOCK + TILE + warp * 16);
    }
}

template <int Q, int STAGES>
__device__ __forceinline__ void gradientOfQueries(const TensorMap& k, const unsigned char* scores, const Problem& p, int firstHead, int heads, const QueriesResult& result, int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<QueriesShared<Q, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.walk = Walk((p.blocks() + 1) / 2, heads, 2ll * p.sequence * Q / p.perKey + 1);
        shared.places.init(8);
        for (int s = 0; s < STAGES; s++) {
            barrierInit(&shared.full[s], 1);
            barrierInit(&shared.empty[s], 8);
        }
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

// Zeros `count` counters, and writes rows[b, h, tile]: RowValues of the tiles of all whole blocks of queries. 16 lanes take a row of 128 elements. Traffic: 4 B S H 128 bytes, and 12 B S H.
extern "C" __global__ void attention_rows_sm90_128(const bf16* o, const bf16* dout, const float* lse, const int* starts, attention90::RowValues* rows, int batch,
                                                   int sequence, int heads, int* counters, int count) {
    using namespace attention90;
    const Problem p{starts, 0.f, batch, sequence, heads, 1};
    if (blockIdx.x == 0)
        for (int i = threadIdx.x; i < count; i += blockDim.x) counters[i] = 0;
    const int padded = p.blocks() * BLOCK, lane = threadIdx.x & 15;
    const long long total = (long long)batch * padded * heads;
    for (long long i = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 16; i < total; i += (long long)gridDim.x * blockDim.x / 16) {
        const int h = (int)(i % heads), s = (int)(i / heads % padded), b = (int)(i / heads / padded);
        const bool present = s < sequence;
        float x[8], y[8], sum = 0.f;
        if (present) {
            const long long at = (((long long)b * sequence + s) * heads + h) * 128 + lane * 8;
            loadEight(o + at, x);
            loadEight(dout + at, y);
#pragma unroll
            for (int e = 0; e < 8; e++) sum = fmaf(x[e], y[e], sum);
        }
        // A warp's halves may differ in whether they have a row left.
        const unsigned mask = 0xffffu << (threadIdx.x & 16);
#pragma unroll
        for (int d = 8; d > 0; d >>= 1) sum += __shfl_xor_sync(mask, sum, d);
        RowValues& to = rows[((long long)b * heads + h) * (padded / TILE) + s / TILE];
        if (lane == 0) {
            to.lse[s % TILE] = present ? lse[((long long)b * heads + h) * sequence + s] * LOG2E : 0.f;
            to.delta[s % TILE] = sum;
            to.from[s % TILE] = present ? p.firstKey(b, s) : 0x7fffffff;
            if (s % TILE == 0) {
                to.tile = s / TILE;
                to.head = b * heads + h;
                to.firstScores = to.head * tileNumber(padded / TILE, 0) + tileNumber(s / TILE, 0);
            }
        }
    }
}

// Maps: q and dout with boxes of 64 rows, k and v of 128. `heads` of keys from `firstHead` on, of all sequences.
#define ATTENTION_KEYS_SM90(Q, V, STAGES)                                                                                                                          \
    extern "C" __global__ void __launch_bounds__(256, 1) attention_keys_sm90_##Q##x##V(                                                           \
        const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, const __grid_constant__ TensorMap dout,     \
        const attention90::RowValues* rows, bf16* dk, bf16* dv, unsigned char* scores, const int* starts, float scale, int batch, int sequence, int heads,         \
        int perKey, int firstKeyHead, int keyHeads, long long dkb, long long dks, long long dkh, long long dvb, long long dvs, long long dvh, int* next) {         \
        attention90::gradientOfKeys<Q, V, STAGES>({&q, &k, &v, &dout}, rows, {starts, scale, batch, sequence, heads, perKey}, firstKeyHead, keyHeads,              \
                                                  {dk, dv, dkb, dks, dkh, dvb, dvs, dvh, scores}, next);                                                           \
    }                                                                                                                                                              \
    extern "C" __global__ void __launch_bounds__(attention90::THREADS, 1) attention_queries_anew_sm90_##Q##x##V(                                                   \
        const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, const __grid_constant__ TensorMap dout,     \
        const attention90::RowValues* rows, bf16* dq, const int* starts, float scale, int batch, int sequence, int heads, int perKey, long long dqb,               \
        long long dqs, long long dqh, int* next) {                                                                                                                 \
        attention90::gradientOfQueriesAnew<Q, V, STAGES>({&q, &k, &v, &dout}, rows, {starts, scale, batch, sequence, heads, perKey}, {dq, dqb, dqs, dqh}, next);   \
    }
ATTENTION_KEYS_SM90(192, 128, 3)
ATTENTION_KEYS_SM90(128, 128, 3)

// The map of k has boxes of 64 rows. `count` heads of queries from `firstHead` on, of all sequences.
#define ATTENTION_QUERIES_SM90(Q)                                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(attention90::THREADS, 1)                                                                                          \
        attention_queries_sm90_##Q(const __grid_constant__ TensorMap k, const unsigned char* scores, bf16* dq, const int* starts, float scale, int batch,          \
                                   int sequence, int heads, int perKey, int firstHead, int count, long long dqb, long long dqs, long long dqh, int* next) {        \
        attention90::gradientOfQueries<Q, 3>(k, scores, {starts, scale, batch, sequence, heads, perKey}, firstHead, count, {dq, dqb, dqs, dqh}, next);             \
    }
ATTENTION_QUERIES_SM90(192)
ATTENTION_QUERIES_SM90(128)
#endif
