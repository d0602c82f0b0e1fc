// The gradients of keys and values in attention on Hopper, see attention_backward_sm90.cuh.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_backward_sm90.cuh"

namespace attention90 {
// How many blocks of queries, counted from the diagonal, see keys of a block: those whose first query is in a document that begins at or before the last of
// these keys. Called by whole warps.
// Example: with documents of 200 and 100 tokens, keys 0 to 127 are seen by the blocks 0 and 1 of queries, but not by block 2: the document of its first query,
// 256, begins at key 200. The result is 2.
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

// With heads of 192 elements, the sums for 128 keys, a tile of scores and a tile of dp take 224 registers of each of 256 threads. With 128 elements
// they take 192; the values stay in 32 more, so half as many bytes are read from shared memory for dp. No registers are left for a warpgroup that only
// copies. Instead, the last warp to finish a tile starts the copies that replace it. No warp waits for the other warpgroup. To save registers, the
// description of the current block of keys is in shared memory.
struct alignas(32) KeysWork {  // 32 bytes, a power of two, so that the address of work[turn & 1] is cheap to compute
    int block, head;  // of keys; block is -1 when there is no work left
    int lastTile, queryHead;  // of the queries that see these keys: the last tile in each head; the first head
    int scores;               // to be added to RowValues::firstScores: gives the number of a tile of scores in this round
};
// The next tile of queries to be copied, and how many are left for the current block of keys.
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
    int done[STAGES];  // warps that have finished the tile of a stage
    uint64_t keysFull, keysEmpty, full[STAGES];
};

// Starts the copies of the next tile of queries, if there is one. Runs on one thread at a time.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void copyQueries(const BackwardMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, int stage) {
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

// Called by each warp when it has finished the tile of a stage.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void doneWith(const BackwardMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, int stage) {
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

// Takes the next block of keys, and starts the copies of its keys, its values and the first tiles of queries. Runs on one warp.
template <int Q, int V, int STAGES>
__device__ __forceinline__ void takeKeys(const BackwardMaps& maps, const RowValues* rows, const Problem& p, KeysShared<Q, V, STAGES>& shared, int firstHead,
                                         int* counter, int turn, int stage) {
    const int lane = threadIdx.x & 31;
    const int at = __shfl_sync(0xffffffffu, lane == 0 ? atomicAdd(counter, 1) : 0, 0);
    if (at >= shared.walk.count()) {
        if (lane == 0) {
            barrierWait(&shared.keysEmpty, (turn & 1) ^ 1);
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
        KeysWork& work = shared.work[turn & 1];
        work.block = block;
        work.head = head;
        work.lastTile = 2 * block + tiles - 1;
        work.queryHead = b * p.heads + g * p.perKey;
        work.scores = block - (int)skipped;
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

// A load that the compiler does not move, so that its value takes a register only where it is used.
__device__ __forceinline__ int sharedInt(const int* from) {
    int value;
    asm volatile("ld.shared.s32 %0, [%1];" : "=r"(value) : "r"(sharedAddress(from)) : "memory");
    return value;
}

// Writes a warp's 16 rows of 64 numbers to memory. In registers they are laid out as factors of addProducts(); in memory they have the swizzled
// layout of tiles in shared memory, so that a plain copy of bytes loads them again.
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

// Loads a warp's 16 rows of 4 A elements as factors of productsHeld(). The tile at `tile` has 128 rows, and a piece for each 64 columns.
template <int A>
__device__ __forceinline__ void loadFactor(uint32_t (&a)[A], const unsigned char* tile) {
    const int lane = ownThread() & 31, row = (ownThread() >> 5) * 16 + (lane & 15);
#pragma unroll
    for (int k = 0; k < A / 4; k++)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(a[4 * k]), "=r"(a[4 * k + 1]), "=r"(a[4 * k + 2]), "=r"(a[4 * k + 3])
                     : "r"(sharedAddress(tile + k / 4 * BLOCK * 128 + swizzled(row, 2 * (k % 4) + (lane >> 4))))
                     : "memory");
}

struct KeysResults {
    bf16 *dk, *dv;
    long long dkBatch, dkRow, dkHead, dvBatch, dvRow, dvHead;
    unsigned char* scores;  // ds in tiles of 2 x 64 keys x 64 queries, beginning with the round's first head; null if it is not stored
};

template <int Q, int V, int STAGES>
__device__ __forceinline__ void consumeForKeys(const BackwardMaps& maps, const RowValues* values, const Problem& p, KeysShared<Q, V, STAGES>& shared, int firstHead,
                                               const KeysResults& results, int* counter) {
    constexpr bool HELD = Q + V <= 256;  // values stay in registers
    constexpr uint32_t FROM_K_TO_V = sizeof(shared.k);
    Ring<STAGES> ring;
    for (int turn = 0;; turn++) {
        if (ownThread() < 32) takeKeys<Q, V, STAGES>(maps, values, p, shared, firstHead, counter, turn, ring.stage);
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
        uint32_t v[HELD ? V / 4 : 1];
        if constexpr (HELD) loadFactor(v, shared.v[0]);
        barrierWait(&shared.full[ring.stage], ring.phase);
        // Computed each time: the descriptors of all operands would take 20 registers if the compiler kept them.
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
            if constexpr (HELD) productsHeld<TILE>(dp, v, sharedAddress(shared.out[stage]));
            else products<V, BLOCK, TILE>(dp, ownKeys() + FROM_K_TO_V, sharedAddress(shared.out[stage]));
            wgmmaCommit();
        };
        const auto addToKeys = [&](int stage) {
            pin(dk);
            wgmmaFence();
            addProducts<TILE>(dk, ds, sharedAddress(shared.q[stage]));
            wgmmaCommit();
        };
        multiplyKeys(ring.stage);
        multiplyValues(ring.stage);
        for (;;) {
            const int stage = ring.stage;
            ring.next();
            const int thread = ownThread(), lane = thread & 31;
            const float factor = p.scale * LOG2E;
            wgmmaWait<1>();  // the scores of this tile are complete; dp is still being computed
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
#pragma unroll
            for (int j = 0; j < TILE / 8; j++) {
                const float2 delta = *reinterpret_cast<const float2*>(&rows.delta[8 * j + 2 * (lane & 3)]);
                weights[2 * j] = packed(s[4 * j], s[4 * j + 1]);
                weights[2 * j + 1] = packed(s[4 * j + 2], s[4 * j + 3]);
                ds[2 * j] = packed(s[4 * j] * (dp[4 * j] - delta.x), s[4 * j + 1] * (dp[4 * j + 1] - delta.y));
                ds[2 * j + 1] = packed(s[4 * j + 2] * (dp[4 * j + 2] - delta.x), s[4 * j + 3] * (dp[4 * j + 3] - delta.y));
            }
            // Runs while the products that add to dv and dk do.
            const auto send = [&] {
                if (results.scores == nullptr) return;
                const int warp = ownThread() >> 5, tile = sharedInt(&rows.firstScores) + own(&KeysWork::scores);
                sendRows(shared.staging[warp], ds, results.scores + (long long)tile * SCORES_BYTES + warp * STAGING);
            };
            pin(dv);
            wgmmaFence();
            addProducts<TILE>(dv, weights, sharedAddress(shared.out[stage]));
            wgmmaCommit();
            addToKeys(stage);
            send();
            if (rows.tile == own(&KeysWork::lastTile) && rows.head == own(&KeysWork::queryHead) + p.perKey - 1) break;
            barrierWait(&shared.full[ring.stage], ring.phase);
            multiplyKeys(ring.stage);
            wgmmaWait<1>();  // dv and dk are done, so the registers of their factors are free for dp
            pin(dv);
            pin(dk);
            multiplyValues(ring.stage);
            doneWith<Q, V, STAGES>(maps, values, p, shared, stage);
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
__device__ __forceinline__ void gradientOfKeys(const BackwardMaps& maps, const RowValues* rows, const Problem& p, int firstHead, int heads, const KeysResults& results,
                                               int* next) {
    extern __shared__ unsigned char raw[];
    auto& shared = aligned<KeysShared<Q, V, STAGES>>(raw);
    if (threadIdx.x == 0) {
        shared.walk = Walk(p.blocks(), heads, 2ll * p.sequence * (Q + V) * p.perKey);
        initRing(shared.keysFull, shared.keysEmpty, READERS);
        for (int s = 0; s < STAGES; s++) {
            barrierInit(&shared.full[s], 1);
            shared.done[s] = 0;
        }
        fenceAsync();
    }
    __syncthreads();
    consumeForKeys<Q, V, STAGES>(maps, rows, p, shared, firstHead, results, next);
}
}  // namespace attention90

// The maps of q and dout have boxes of 64 rows, those of k and v of 128. A launch processes `keyHeads` heads of keys from number `firstKeyHead` on, counted
// over all sequences. `next` points to a counter, which is 0 before the launch.
#define ATTENTION_KEYS_SM90(Q, V, STAGES)                                                                                                                          \
    extern "C" __global__ void __launch_bounds__(256, 1) attention_keys_sm90_##Q##x##V(                                                                            \
        const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, const __grid_constant__ TensorMap dout,     \
        const attention90::RowValues* rows, bf16* dk, bf16* dv, unsigned char* scores, const int* starts, float scale, int batch, int sequence, int heads,         \
        int perKey, int firstKeyHead, int keyHeads, long long dkb, long long dks, long long dkh, long long dvb, long long dvs, long long dvh, int* next) {         \
        attention90::gradientOfKeys<Q, V, STAGES>({&q, &k, &v, &dout}, rows, {starts, scale, batch, sequence, heads, perKey}, firstKeyHead, keyHeads,              \
                                                  {dk, dv, dkb, dks, dkh, dvb, dvs, dvh, scores}, next);                                                           \
    }
ATTENTION_KEYS_SM90(192, 128, 3)
ATTENTION_KEYS_SM90(128, 128, 3)
#endif
