// The columns product of f8_product_sm90.cuh, C[expert] (M, N) = A (M, R) * B (N, R)^T over the expert's rows R: a weight gradient, whose dy and x have been
// quantized with 128 x 1 scales and stored with dense columns. Tiles are 256 x 128, or 128 x 128 where these fill the multiprocessors better; each of two
// warpgroups has half of a tile's rows.
//
// Work and traffic of the gate-up weight gradient, R 98304 in 64 experts, M 2816, N 2048, C in bf16: 1134 GFLOP, 0.57 ms at the 1979 TFLOP/s of the data sheet;
// 277 MB (A) + 201 MB (B) + 738 MB (C), 0.28 ms at 4274 GB/s.
//
// A slice is 128 rows that begin at a multiple of 128, because scales change there. It may contain rows of neighbouring experts, or rows beyond the last one,
// which may hold NaN: both operands' numbers in those rows are replaced by zeros. Without offsets, one expert has all rows.
// Example: an expert with the rows 100 to 299 has slices of the rows 0..127 (of which 100..127 count), 128..255, and 256..383 (256..299 count).
//
// Each element of C has its own two scales in each slice: two multiplications and an addition per element, 160 instructions of a warp for 64 rows, while the
// other warpgroup's products take 256 clocks. So whatever does not need the products is done before they end: waiting for the next slice, and loading the
// scales of its rows and the first scales of columns. Scales of columns are loaded from shared memory AHEAD pairs early; registers do not suffice for more.
#pragma once
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "f8_product_sm90.cuh"

namespace f8 {
namespace columns {
template <int BM>
struct Shared {
    static constexpr int STAGES = RING / ((BM + BN) * BK);
    unsigned char a[STAGES][BM * BK];
    unsigned char b[STAGES][BN * BK];
    unsigned char staging[8][16 * 128];
    float scalesA[STAGES][BM], scalesB[STAGES][BN];  // of the rows of A and B
    uint64_t full[STAGES], empty[STAGES];
};

template <int BM>
struct TilesOfColumns : Tiles<WEIGHT_GRADIENT, BM, BN, int, false> {
    typedef Tiles<WEIGHT_GRADIENT, BM, BN, int, false> Base;
    __device__ __forceinline__ explicit TilesOfColumns(const Arguments& p) : Base(p.offsets, p.experts, p.m, p.n, p.capacity) {}
    __device__ __forceinline__ int firstSlice() const { return this->first / BK; }
    __device__ __forceinline__ int slices() const { return this->last > this->first ? (this->last + BK - 1) / BK - firstSlice() : 0; }
};

// Fills the ring. Runs on one thread.
template <int BM>
__device__ __forceinline__ void produce(const TensorMap* a, const TensorMap* b, const Arguments& p, Shared<BM>& shared) {
    TilesOfColumns<BM> tiles(p);
    Position<Shared<BM>::STAGES> at;
    while (tiles.next()) {
        const int row = tiles.row(), column = tiles.column(), end = (tiles.firstSlice() + tiles.slices()) * BK;
#pragma unroll 1
        for (int k = tiles.firstSlice() * BK; k < end; k += BK) {
            barrierWait(&shared.empty[at.stage], at.phase ^ 1);
            uint64_t* full = &shared.full[at.stage];
            const uint32_t bytesA = 4 * min(BM, p.m - row), bytesB = 4 * min(BN, p.n - column);  // of scales
            barrierExpect(full, (BM + BN) * BK + bytesA + bytesB);
            copyBox(shared.a[at.stage], a, full, k, row);
            copyBox(shared.b[at.stage], b, full, k, column);
            copyBytes(shared.scalesA[at.stage], p.scalesA + k / BK * p.scalesASlice + row, bytesA, full);
            copyBytes(shared.scalesB[at.stage], p.scalesB + k / BK * p.scalesBSlice + column, bytesB, full);
            at.advance();
        }
    }
}

// A mask for the 4 bytes with the indices first .. first + 3: indices from .. to - 1 are kept. Example: first 8, from 9, to 11: 0x00FFFF00.
__device__ __forceinline__ uint32_t keptBytes(int first, int from, int to) {
    const auto below = [first](int end) { return (uint32_t)((1ull << 8 * min(max(end - first, 0), 4)) - 1); };
    return below(to) & ~below(from);
}

// Zeros the terms before `from` and from `to` on in all rows of a stage. All 256 threads that multiply take part. A lane has 4 terms of every 8th row, so its
// mask and its place among the swizzled vectors are the same in all of these rows.
template <int BM>
__device__ __forceinline__ void clearOutside(unsigned char* a, unsigned char* b, int from, int to) {
    const int warp = threadIdx.x / 32 - 4, lane = threadIdx.x % 32;
    const uint32_t mask = keptBytes(4 * lane, from, to);
    if (mask != 0xFFFFFFFF) {
        const auto clear = [&](unsigned char* rows, int count) {
            uint32_t* at = reinterpret_cast<uint32_t*>(rows + swizzled(warp, lane / 4)) + lane % 4;
#pragma unroll 4
            for (int i = 0; i < count; i += 8) at[i * BK / 4] &= mask;
        };
        clear(a, BM);
        clear(b, BN);
    }
    fenceAsync();
    syncThreads(1, 256);
}

__device__ __forceinline__ float2 loadShared(uint32_t address) {
    float2 v;
    asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(v.x), "=f"(v.y) : "r"(address));
    return v;
}

// The scales of a lane's columns 8 j + 2 (lane % 4) + {0, 1} in a slice. Call of(j) for j = 0, 1, 2, ...; a pair is loaded AHEAD calls before it is returned.
template <int AHEAD>
struct ColumnScales {
    const uint32_t address;
    float2 pair[AHEAD];
    // Begins to load.
    __device__ __forceinline__ explicit ColumnScales(const float* ofSlice) : address(sharedAddress(ofSlice + 2 * (threadIdx.x % 4))) {
#pragma unroll
        for (int j = 0; j < AHEAD; j++) pair[j] = load(j);
    }
    __device__ __forceinline__ float2 load(int j) const { return loadShared(address + 32 * j); }
    __device__ __forceinline__ float2 of(int j) {
        const float2 result = pair[j % AHEAD];
        if (j + AHEAD < BN / 8) pair[j % AHEAD] = load(j + AHEAD);
        return result;
    }
};

// sum += run * scales of its rows * scales of its columns.
template <int AHEAD>
__device__ __forceinline__ void add(float (&sum)[64], const float (&run)[64], float low, float high, ColumnScales<AHEAD>& columns) {
#pragma unroll
    for (int j = 0; j < BN / 8; j++) {
        const float2 scale = columns.of(j);
        sum[4 * j] += run[4 * j] * low * scale.x;
        sum[4 * j + 1] += run[4 * j + 1] * low * scale.y;
        sum[4 * j + 2] += run[4 * j + 2] * high * scale.x;
        sum[4 * j + 3] += run[4 * j + 3] * high * scale.y;
    }
}

// Multiplies and stores a warpgroup's half of the rows of each tile.
template <int BM, typename T>
struct Consumer {
    static constexpr int STAGES = Shared<BM>::STAGES, BLOCKS = BM / 128;  // blocks of 64 rows
    static constexpr int AHEAD = BLOCKS == 1 ? 3 : 4;  // pairs; the fastest of 2 to 5; with 6, registers are spilled
    const Arguments& p;
    Shared<BM>& shared;
    TilesOfColumns<BM> tiles;
    const int group, warp, lane;
    const uint32_t firstA, firstB;
    Position<STAGES> at;

    __device__ __forceinline__ Consumer(const Arguments& p, Shared<BM>& shared, int group)
        : p(p), shared(shared), tiles(p), group(group), warp(threadIdx.x / 32 % 4), lane(threadIdx.x % 32), firstA(descriptorOf<true>(shared.a[0] + group * BLOCKS * SUB)),
          firstB(descriptorOf<true>(shared.b[0])) {}

    __device__ __forceinline__ uint32_t a(int stage) const { return firstA + stage * further(BM * BK); }
    __device__ __forceinline__ uint32_t b(int stage) const { return firstB + stage * further(BN * BK); }
    // Waits until slice s of the tile has arrived at `position` of the ring, and zeros the terms of other experts.
    __device__ __forceinline__ void await(int s, const Position<STAGES>& position) {
        barrierWait(&shared.full[position.stage], position.phase);
        const int start = (tiles.firstSlice() + s) * BK, from = max(tiles.first - start, 0), to = min(tiles.last - start, BK);
        if (from > 0 || to < BK) clearOutside<BM>(shared.a[position.stage], shared.b[position.stage], from, to);
    }
    // The scale of row lane / 4 + 8 * half of a block of the warp's rows.
    __device__ __forceinline__ float scale(int block, int half) const { return shared.scalesA[at.stage][(group * BLOCKS + block) * 64 + warp * 16 + half * 8 + lane / 4]; }
    __device__ __forceinline__ void release(uint64_t* empty) const {
        __syncwarp();
        if (lane == 0) barrierArrive(empty);
    }

    // Adds all slices of a tile. In each slice, the first block of 64 rows, then the second.
    __device__ __forceinline__ void sums(float (&sum)[2][64], int slices) {
        float scales[2][2];
        const auto loadScales = [&] {
#pragma unroll
            for (int i = 0; i < 4; i++) scales[i / 2][i % 2] = scale(i / 2, i % 2);
        };
        if (slices > 0) {
            await(0, at);
            loadScales();
        }
#pragma unroll 1
        for (int s = 1; s <= slices; s++) {
            const int stage = at.stage;
            const float second[2] = {scales[1][0], scales[1][1]};
#pragma unroll
            for (int m = 0; m < 2; m++) {
                float run[64];
                multiply(run, a(stage) + m * further(SUB), b(stage));
                ColumnScales<AHEAD> columns(shared.scalesB[stage]);
                const float low = m == 0 ? scales[0][0] : second[0], high = m == 0 ? scales[0][1] : second[1];
                if (m == 1) {
                    at.advance();
                    if (s < slices) {
                        await(s, at);
                        loadScales();
                    }
                }
                wgmmaWait<0>();
                pin(run);
                add(sum[m], run, low, high, columns);
                pin(sum[m]);
            }
            release(&shared.empty[stage]);
        }
    }

    // The same if a warpgroup has 64 rows: the products of the next slice run while a slice is added. With 128 rows, registers do not suffice for that.
    __device__ __forceinline__ void sums(float (&sum)[1][64], int slices) {
        float even[64], odd[64];
        Position<STAGES> next = at;
        const auto enqueue = [&](float (&run)[64], int s) {
            await(s, next);
            multiply(run, a(next.stage), b(next.stage));
            next.advance();
        };
        const auto finish = [&](float (&run)[64], bool last) {
            ColumnScales<AHEAD> columns(shared.scalesB[at.stage]);
            const float low = scale(0, 0), high = scale(0, 1);
            if (last) wgmmaWait<0>();
            else wgmmaWait<1>();
            pin(run);
            add(sum[0], run, low, high, columns);
            release(&shared.empty[at.stage]);
            at.advance();
        };
        if (slices == 0) return;
        enqueue(even, 0);
        int s = 1;
        for (; s + 1 < slices; s += 2) {
            enqueue(odd, s);
            finish(even, false);
            enqueue(even, s + 1);
            finish(odd, false);
        }
        if (s < slices) {
            enqueue(odd, s);
            finish(even, false);
            finish(odd, true);
        } else {
            finish(even, true);
        }
    }

    __device__ __forceinline__ void run() {
        while (tiles.next()) {
            float sum[BLOCKS][64];
#pragma unroll
            for (int m = 0; m < BLOCKS; m++) {
#pragma unroll
                for (int i = 0; i < 64; i++) sum[m][i] = 0.f;
            }
            const int slices = tiles.slices();
            sums(sum, slices);
            if (slices == 0 && p.accumulate) continue;
            // Keeps the compiler from computing addresses in C before the products, where registers are scarce.
            tiles.tile = kept(tiles.tile);
            tiles.expert = kept(tiles.expert);
            const int row = tiles.row() + group * BLOCKS * 64 + warp * 16, column = tiles.column();
            T* c = static_cast<T*>(p.c) + tiles.expert * p.expertStride + row * p.rowStride + column;
#pragma unroll
            for (int m = 0; m < BLOCKS; m++) store(p, sum[m], shared.staging[group * 4 + warp], c + m * 64 * p.rowStride, p.m - row - m * 64, p.n - column);
        }
    }
};

template <int BM, typename T>
__device__ __forceinline__ void product(const TensorMap& a, const TensorMap& b, const Arguments& p) {
    inWarpgroups<Shared<BM>, PRODUCER_REGISTERS, CONSUMER_REGISTERS>(
        a, b, READERS, [&](Shared<BM>& shared) { produce(&a, &b, p, shared); }, [&](Shared<BM>& shared, int group) { Consumer<BM, T>(p, shared, group).run(); });
}
}  // namespace columns
}  // namespace f8
#endif
