// Products of e4m3 numbers with scales on Hopper's tensor cores: C = A * B^T per expert, fp32 sums. The structure is that of grouped_gemm_sm90.cu: one block of 3
// warpgroups for each multiprocessor walks over the tiles of all experts; a producer thread keeps a ring of slices of k in flight; two warpgroups multiply.
// 8-bit operands of wgmma have rows along k. A slice is 128 terms, one row of 128 bytes, and has one pair of scales for each element of C: its sum comes from
// the tensor cores, is multiplied by both scales and added in fp32, while the other warpgroup's products run.
//   rows product     C (rows, N)      A rows of an expert (R, K), scales 1 x 128;   B the expert's matrix (N, K), scales 128 x 128: f8_rows_sm90.cuh
//   columns product  C[expert] (M, N) A (M, R) and B (N, R), both with 1 x 128 scales along the rows R of all experts: a weight gradient, whose dy and x have
//                    been quantized with 128 x 1 scales and stored with dense columns: here
// In the columns product, a slice is 128 rows from a multiple of 128, since there the scales change. It may hold rows of the experts before and after, or rows
// without content (NaN): both operands' numbers there are replaced by zeros. Without offsets, there is one expert with all rows.
// Example: one expert, rows 100 to 300: slices of the rows 0..127 (100..127 count), 128..255 and 256..383 (256..299 count).
#pragma once
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "grouped_results.cuh"
#include "grouped_tiles.cuh"
#include "sm90.cuh"

namespace f8 {
static constexpr int BK = 128, BN = 128;
static constexpr int THREADS = 384;
static constexpr int RING = 192 * 1024;  // bytes of all stages; hosts compute shared bytes from this: RING + 16 KiB of staging + 8 KiB
static constexpr int SUB = 64 * 128;  // bytes of 64 rows of 128 bytes

// How the two consumer warpgroups share the work of the columns product. TOGETHER: each has half of the rows of a tile. IN_TURNS: the same, and they enqueue products in turns, so that one adds
// while the other's products run. APART: each has tiles of its own, and a ring of its own, so that one also stores while the other's products run.
enum Sharing { TOGETHER, IN_TURNS, APART };

template <int BM, int RINGS>
struct Shared {
    static constexpr int STAGES = RING / RINGS / ((BM + BN) * BK);
    unsigned char a[RINGS][STAGES][BM * BK];
    unsigned char b[RINGS][STAGES][BN * BK];
    unsigned char staging[8][16 * 128];
    float scalesA[RINGS][STAGES][BM], scalesB[RINGS][STAGES][BN];  // of the rows of A and B
    uint64_t full[RINGS][STAGES], empty[RINGS][STAGES];
};

// Strides are in elements. Indices of scales fit an int.
struct Arguments {
    const int* offsets;
    int experts, m, n, k;  // m: of the columns product only, k: of the rows product only
    long long capacity;
    const float* scalesA;
    int scalesARow, scalesASlice;
    const float* scalesB;
    int scalesBRow, scalesBSlice, scalesBExpert;  // row: of one row in the columns product, of 128 rows in the rows product
    void* c;
    long long expertStride, rowStride;
    bool accumulate;
};

// Everything that depends on the kind of product. RINGS: of slices; one that both warpgroups read, or one for each.
template <int BM, Sharing SHARING>
struct Kind {
    static constexpr int RINGS = SHARING == APART ? 2 : 1, WARPS = 8 / RINGS, BLOCKS = BM * RINGS / 128;  // warps that read a ring; blocks of 64 rows of a warpgroup
    typedef f8::Shared<BM, RINGS> Shared;

    // The tiles of ring `ring`.
    struct TilesOf : Tiles<WEIGHT_GRADIENT, BM, BN, int, false> {
        typedef Tiles<WEIGHT_GRADIENT, BM, BN, int, false> Base;
        __device__ __forceinline__ TilesOf(const Arguments& p, int ring)
            : Base(p.offsets, p.experts, p.m, p.n, p.capacity, blockIdx.x + ring * gridDim.x, RINGS * gridDim.x) {}
    };

    // The slices of a tile.
    struct Slices {
        int first, count;
        __device__ __forceinline__ explicit Slices(const TilesOf& tiles)
            : first(tiles.first / BK), count(tiles.last > tiles.first ? (tiles.last + BK - 1) / BK - first : 0) {}
    };
};

// Where a thread is in a ring.
template <int STAGES>
struct Position {
    int stage = 0;
    uint32_t phase = 0;
    __device__ __forceinline__ void advance() {
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

// Fills a ring. Runs on one thread.
template <int BM, Sharing SHARING>
__device__ __forceinline__ void produce(const TensorMap* a, const TensorMap* b, const Arguments& p, typename Kind<BM, SHARING>::Shared& shared, int ring) {
    typedef Kind<BM, SHARING> K;
    typename K::TilesOf tiles(p, ring);
    Position<K::Shared::STAGES> at;
    while (tiles.next()) {
        const int row = tiles.row(), column = tiles.column();
        const typename K::Slices slices(tiles);
        const int end = (slices.first + slices.count) * BK;
#pragma unroll 1
        for (int k = slices.first * BK; k < end; k += BK) {
            barrierWait(&shared.empty[ring][at.stage], at.phase ^ 1);
            uint64_t* full = &shared.full[ring][at.stage];
            const uint32_t bytesA = 4 * min(BM, p.m - row), bytesB = 4 * min(BN, p.n - column);  // of scales
            barrierExpect(full, (BM + BN) * BK + bytesA + bytesB);
            copyBox(shared.a[ring][at.stage], a, full, k, row);
            copyBox(shared.b[ring][at.stage], b, full, k, column);
            copyBytes(shared.scalesA[ring][at.stage], p.scalesA + k / BK * p.scalesASlice + row, bytesA, full);
            copyBytes(shared.scalesB[ring][at.stage], p.scalesB + k / BK * p.scalesBSlice + column, bytesB, full);
            at.advance();
        }
    }
}

// Zeros the terms before `from` and from `to` on in all rows of a stage. All consumers of the ring take part: `threads`, which meet at the barrier `name`.
template <int BM>
__device__ __forceinline__ void clearOutside(unsigned char* a, unsigned char* b, int from, int to, int thread, int threads, int name) {
    for (int i = thread; i < (BM + BN) * 8; i += threads) {
        const int row = i / 8, vector = i % 8, first = vector * 16;
        if (first >= from && first + 16 <= to) continue;
        unsigned char* at = (row < BM ? a + row * BK : b + (row - BM) * BK) + ((vector ^ (row & 7)) << 4);
        if (first + 16 <= from || first >= to) {
            *reinterpret_cast<uint4*>(at) = make_uint4(0, 0, 0, 0);
            continue;
        }
        for (int t = 0; t < 16; t++)
            if (first + t < from || first + t >= to) at[t] = 0;
    }
    fenceAsync();
    syncThreads(name, threads);
}

// Stores a warp's 16 rows at (row, column) of the expert's part of C.
template <typename T, typename Tiles>
__device__ __forceinline__ void storeBlock(const Arguments& p, const Tiles& tiles, float (&d)[64], unsigned char* staging, int row, int column) {
    T* c = static_cast<T*>(p.c) + tiles.expert * p.expertStride + row * p.rowStride + column;
    const int rows = p.m - row;
    if constexpr (sizeof(T) == 4) storeGradient<T>(d, c, p.rowStride, rows, p.n - column, true, p.accumulate);
    else storeRows(d, staging, c, p.rowStride, rows, p.n - column, true, p.accumulate);
}

__device__ __forceinline__ void release(uint64_t* empty, int lane) {
    if (lane == 0) barrierArrive(empty);
}

// Enqueues the products of a slice, 64 rows by 128 columns.
__device__ __forceinline__ void multiply(float (&run)[64], uint32_t a, uint32_t b) {
    wgmmaFence();
    wgmmaF8<false>(run, operand<true>(a), operand<true>(b));
#pragma unroll
    for (int k = 1; k < BK / 32; k++) wgmmaF8<true>(run, operand<true>(a + k * sliceBytes<true>()), operand<true>(b + k * sliceBytes<true>()));
    wgmmaCommit();
}

// sum += run * scales of its rows * scales of its columns. The scales of columns are in shared memory.
__device__ __forceinline__ void promote(float (&sum)[64], const float (&run)[64], const float (&scaleA)[2], const float* scalesOfColumns, int lane) {
    const float2* scales = reinterpret_cast<const float2*>(scalesOfColumns) + lane % 4;
#pragma unroll
    for (int j = 0; j < 16; j++) {
        const float2 scale = scales[4 * j];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            sum[4 * j + 2 * half] += run[4 * j + 2 * half] * scaleA[half] * scale.x;
            sum[4 * j + 2 * half + 1] += run[4 * j + 2 * half + 1] * scaleA[half] * scale.y;
        }
    }
}

// Turns of the two warpgroups, with one named barrier each: group g waits at barrier 3 + g until the other has given it its turn.
template <Sharing SHARING>
struct Turn {
    const int group;
    __device__ __forceinline__ explicit Turn(int group) : group(group) {
        if (SHARING == IN_TURNS && group == 1) give();
    }
    __device__ __forceinline__ void wait() {
        if (SHARING == IN_TURNS) syncThreads(3 + group, 256);
    }
    __device__ __forceinline__ void give() {
        if (SHARING == IN_TURNS) asm volatile("bar.arrive %0, %1;" ::"r"(3 + 1 - group), "r"(256) : "memory");
    }
    // Takes the turn that the other group has given last.
    __device__ __forceinline__ void end() {
        if (group == 0) wait();
    }
};

// Multiplies and stores. Warpgroup `group` of two has half of each tile's rows, or tiles of its own. If it has 64 rows, the products of the next slice run while a slice
// is added; if it has 128, registers do not suffice for that.
template <int BM, Sharing SHARING, typename T>
__device__ __forceinline__ void consume(const Arguments& p, typename Kind<BM, SHARING>::Shared& shared, int group) {
    typedef Kind<BM, SHARING> K;
    constexpr int BLOCKS = K::BLOCKS, STAGES = K::Shared::STAGES;
    const int ring = SHARING == APART ? group : 0, part = SHARING == APART ? 0 : group;
    const int thread = threadIdx.x - 128, warp = (thread >> 5) & 3, lane = thread & 31;
    typename K::TilesOf tiles(p, ring);
    Turn<SHARING> turn(group);
    Position<STAGES> at;
    while (tiles.next()) {
        float sum[BLOCKS][64];
#pragma unroll
        for (int m = 0; m < BLOCKS; m++) {
#pragma unroll
            for (int i = 0; i < 64; i++) sum[m][i] = 0.f;
        }
        const int row = tiles.row() + part * BLOCKS * 64 + warp * 16, column = tiles.column();
        const typename K::Slices slices(tiles);
        // A lane has rows lane / 4 and lane / 4 + 8 of each block of its warp.
        float scaleA[BLOCKS][2];
        auto scalesOfStage = [&](int m) {
#pragma unroll
            for (int half = 0; half < 2; half++) scaleA[m][half] = shared.scalesA[ring][at.stage][(part * BLOCKS + m) * 64 + warp * 16 + half * 8 + lane / 4];
        };
        // Waits for slice s, and prepares it.
        auto ready = [&](int s, const Position<STAGES>& position) {
            barrierWait(&shared.full[ring][position.stage], position.phase);
            const int start = (slices.first + s) * BK, from = max(tiles.first - start, 0), to = min(tiles.last - start, BK);
            if (from > 0 || to < BK)
                clearOutside<BM>(shared.a[ring][position.stage], shared.b[ring][position.stage], from, to, SHARING == APART ? thread & 127 : thread, 32 * K::WARPS, 1 + ring);
        };
        if constexpr (BLOCKS == 1) {
            float even[64], odd[64];
            Position<STAGES> next = at;
            auto enqueue = [&](float (&run)[64], int s) {
                ready(s, next);
                multiply(run, sharedAddress(shared.a[ring][next.stage]) + part * SUB, sharedAddress(shared.b[ring][next.stage]));
                next.advance();
            };
            auto add = [&](float (&run)[64]) {
                pin(run);
                scalesOfStage(0);
                promote(sum[0], run, scaleA[0], shared.scalesB[ring][at.stage], lane);
                __syncwarp();
                release(&shared.empty[ring][at.stage], lane);
                at.advance();
            };
            int s = 0;
            if (slices.count > 0) {
                enqueue(even, 0);
                for (; s + 2 < slices.count; s += 2) {
                    enqueue(odd, s + 1);
                    wgmmaWait<1>();
                    add(even);
                    enqueue(even, s + 2);
                    wgmmaWait<1>();
                    add(odd);
                }
                if (s + 1 < slices.count) {
                    enqueue(odd, s + 1);
                    wgmmaWait<1>();
                    add(even);
                    wgmmaWait<0>();
                    add(odd);
                } else {
                    wgmmaWait<0>();
                    add(even);
                }
            }
        } else {
            for (int s = 0; s < slices.count; s++) {
                ready(s, at);
                const uint32_t a = sharedAddress(shared.a[ring][at.stage]) + part * BLOCKS * SUB, b = sharedAddress(shared.b[ring][at.stage]);
#pragma unroll
                for (int m = 0; m < BLOCKS; m++) {
                    float run[64];
                    turn.wait();
                    multiply(run, a + m * SUB, b);
                    turn.give();
                    wgmmaWait<0>();
                    pin(run);
                    scalesOfStage(m);
                    promote(sum[m], run, scaleA[m], shared.scalesB[ring][at.stage], lane);
                }
                __syncwarp();
                release(&shared.empty[ring][at.stage], lane);
                at.advance();
            }
        }
        if (slices.count == 0 && p.accumulate) continue;
        // Computed again here, so that they occupy no registers during the products.
        const int firstRow = tiles.row() + part * BLOCKS * 64 + warp * 16, firstColumn = tiles.column();
        storeBlock<T>(p, tiles, sum[0], shared.staging[group * 4 + warp], firstRow, firstColumn);
        if (BLOCKS > 1) storeBlock<T>(p, tiles, sum[BLOCKS - 1], shared.staging[group * 4 + warp], firstRow + 64, firstColumn);
    }
    turn.end();
}

template <int BM, Sharing SHARING, typename T>
__device__ __forceinline__ void product(const TensorMap& a, const TensorMap& b, const Arguments& p) {
    typedef Kind<BM, SHARING> K;
    extern __shared__ unsigned char raw[];
    typename K::Shared& shared = *reinterpret_cast<typename K::Shared*>(raw + (-sharedAddress(raw) & 1023));
    if (threadIdx.x == 0) {
        prefetchMap(&a);
        prefetchMap(&b);
        for (int r = 0; r < K::RINGS; r++) initRing(shared.full[r], shared.empty[r], K::WARPS);
        fenceAsync();
    }
    __syncthreads();
    const int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
    if (group == 0) {
        registersDown<40>();
        if (threadIdx.x % 32 == 0 && threadIdx.x / 32 < K::RINGS) produce<BM, SHARING>(&a, &b, p, shared, threadIdx.x / 32);
        __syncwarp();
    } else {
        registersUp<232>();
        consume<BM, SHARING, T>(p, shared, group - 1);
    }
}
}  // namespace f8
#endif
