// The rows product of f8_product_sm90.cuh, forward and input gradient, C (rows, N) = A (rows, K) * B (N, K)^T for each expert. Tiles are 256 x 128; each of two
// warpgroups has 128 rows. A warpgroup multiplies 64 of its rows at a time, waits, and adds the results; meanwhile the other's products use the tensor cores.
//
// Work and traffic of the forward gate-up product, R 98304, K 2048, N 2816, 64 experts, C in bf16: 1134 GFLOP, 0.57 ms at the 1979 TFLOP/s of the data sheet;
// 201 MB (A) + 369 MB (B) + 554 MB (C), 0.26 ms at 4274 GB/s. A multiprocessor does 4096 multiply-adds per clock, so a slice of a tile takes 1024 clocks; its
// 48 KiB come from L2.
//
// What a warpgroup does between its products must take less than the 256 clocks of the other's, or the tensor cores wait. So it waits for the next slice and
// gets the scales of that while products run. Loads of scales must be few: loads and copies share the path into shared memory with the tensor cores, which need
// 75% of it. So lane q of each 4 lanes loads the scales of one row for slices q, q + 4, ..., and lanes exchange them by shuffles: a warp loads once for 4
// slices. (One load for each slice costs 12% of the rate.) Lane l of a warp loads B's scales of slices l, l + 32, ...
// Example, slice 6 of a tile: a lane that holds row 5 of its warp gets A's scale from lane 5 * 4 + 6 % 4 = 22, and B's from lane 6.
#pragma once
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "f8_product_sm90.cuh"

namespace f8 {
namespace rows {
static constexpr int BM = 256, STAGES = 4, BOX = 128;  // A is copied in boxes of 128 rows

struct Shared {
    unsigned char a[STAGES][BM * BK];
    unsigned char b[STAGES][BN * BK];
    unsigned char staging[8][16 * 128];
    uint64_t full[STAGES], empty[STAGES];
};

typedef Tiles<FORWARD, BM, BN, int, false> TilesOfRows;

// Fills the ring. Runs on one thread.
__device__ __forceinline__ void produce(const TensorMap* a, const TensorMap* b, const Arguments& p, Shared& shared) {
    TilesOfRows tiles(p.offsets, p.experts, p.m, p.n, p.capacity);
    Position<STAGES> at;
    while (tiles.next()) {
        const int row = tiles.first + tiles.row(), column = tiles.column();
#pragma unroll 1
        for (int k = 0; k < p.k; k += BK) {
            barrierWait(&shared.empty[at.stage], at.phase ^ 1);
            uint64_t* full = &shared.full[at.stage];
            barrierExpect(full, (BM + BN) * BK);
#pragma unroll
            for (int i = 0; i < BM; i += BOX) copyBox(shared.a[at.stage] + i * BK, a, full, k, row + i);
            copyBox(shared.b[at.stage], b, full, k, column, tiles.expert);
            at.advance();
        }
    }
}

// A load that the compiler does not move after the products that are enqueued later.
__device__ __forceinline__ float loadEarly(const float* p) {
    float v;
    asm volatile("ld.global.nc.f32 %0, [%1];" : "=f"(v) : "l"(p));
    return v;
}

// A lane's part of the scales of a tile. It has rows lane / 4 and lane / 4 + 8 of each of two blocks of its warp, 64 rows apart.
struct TileScales {
    float a[2][2], next[2][2];  // [block][half]: scales of slice 4 g + lane % 4, for the current group g of 4 slices and for the next group
    float b;

    // Begins to load those of the first slices. row: the warp's first row, counted from the tile's first row.
    __device__ __forceinline__ void begin(const Arguments& p, const TilesOfRows& tiles, int row) {
        loadB(p, tiles, 0);
        loadNext(p, tiles, row, 0);
    }
    // Rows beyond the expert's end get arbitrary scales; their results are not stored.
    __device__ __forceinline__ void loadNext(const Arguments& p, const TilesOfRows& tiles, int row, int slice) {
        const int lane = threadIdx.x % 32, first = tiles.first + tiles.row() + row + lane / 4, at = min(slice + lane % 4, (p.k - 1) / BK) * p.scalesASlice;
#pragma unroll
        for (int m = 0; m < 2; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) next[m][half] = loadEarly(p.scalesA + min(first + m * 64 + half * 8, (int)p.capacity - 1) * p.scalesARow + at);
        }
    }
    __device__ __forceinline__ void loadB(const Arguments& p, const TilesOfRows& tiles, int slice) {
        b = loadEarly(p.scalesB + tiles.expert * p.scalesBExpert + tiles.column() / 128 * p.scalesBRow + min(slice + (int)threadIdx.x % 32, (p.k - 1) / BK) * p.scalesBSlice);
    }
    // factor = A's scale * B's scale, for each of the lane's rows in a slice. Called for slices 0, 1, 2, ... in this order.
    __device__ __forceinline__ void of(const Arguments& p, const TilesOfRows& tiles, int row, int slice, float (&factor)[2][2]) {
        if (slice % 4 == 0) {
#pragma unroll
            for (int m = 0; m < 2; m++) {
#pragma unroll
                for (int half = 0; half < 2; half++) a[m][half] = next[m][half];
            }
            loadNext(p, tiles, row, slice + 4);
            if (slice > 0 && slice % 32 == 0) loadB(p, tiles, slice);
        }
        const float scaleB = __shfl_sync(0xffffffffu, b, slice % 32);
#pragma unroll
        for (int m = 0; m < 2; m++) {
#pragma unroll
            for (int half = 0; half < 2; half++) factor[m][half] = __shfl_sync(0xffffffffu, a[m][half], (threadIdx.x % 32 & ~3) | slice % 4) * scaleB;
        }
    }
};

// Multiplies and stores rows 128 * group to 128 * group + 127 of each tile. Each pass of the inner loop adds the product of the first 64 rows, which is already
// running; enqueues and adds the product of the other 64 rows; and enqueues the product of the first 64 rows with the next slice.
template <typename T>
__device__ __forceinline__ void consume(const Arguments& p, Shared& shared, int group) {
    const int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32, slices = (p.k + BK - 1) / BK, row = group * 128 + warp * 16;
    TilesOfRows tiles(p.offsets, p.experts, p.m, p.n, p.capacity);
    const uint32_t firstA = descriptorOf<true>(shared.a[0] + group * 128 * BK);
    const uint32_t firstB = descriptorOf<true>(shared.b[0]);
    unsigned char* staging = shared.staging[group * 4 + warp];
    TileScales scales;
    Position<STAGES> at;
    float run[64], factor[2][2];
    const auto a = [&] { return firstA + at.stage * further(BM * BK); };
    const auto b = [&] { return firstB + at.stage * further(BN * BK); };
    const auto add = [&](float (&sum)[64], float low, float high) {
        wgmmaWait<0>();
        pin(run);
#pragma unroll
        for (int i = 0; i < 64; i++) sum[i] += run[i] * (i / 2 % 2 == 0 ? low : high);
        pin(sum);
    };
    // Enqueues a tile's first product, which the first pass of the loop over its slices adds.
    const auto beginTile = [&] {
        barrierWait(&shared.full[at.stage], at.phase);
        multiply(run, a(), b());
    };
    if (!tiles.next()) return;
    scales.begin(p, tiles, row);
    beginTile();
    for (;;) {
        float sum[2][64];
#pragma unroll
        for (int i = 0; i < 128; i++) sum[i / 64][i % 64] = 0.f;
        scales.of(p, tiles, row, 0, factor);
#pragma unroll 1
        for (int s = 1;; s++) {  // the product of the first 64 rows with slice s - 1 is running
            add(sum[0], factor[0][0], factor[0][1]);
            multiply(run, a() + further(SUB), b());
            const float low = factor[1][0], high = factor[1][1];
            uint64_t* empty = &shared.empty[at.stage];
            at.advance();
            if (s < slices) {
                barrierWait(&shared.full[at.stage], at.phase);
                scales.of(p, tiles, row, s, factor);
            }
            wgmmaWait<0>();
            if (lane == 0) barrierArrive(empty);
            add(sum[1], low, high);
            if (s == slices) break;
            multiply(run, a(), b());
        }
        const int first = tiles.first + tiles.row() + row, left = tiles.last - first, column = tiles.column();
        T* c = static_cast<T*>(p.c) + first * p.rowStride + column;
        const bool more = tiles.next();
        if (more) scales.begin(p, tiles, row);  // arrive while this tile is stored
        store(p, sum[0], staging, c, left, p.n - column);
        store(p, sum[1], staging, c + 64 * p.rowStride, left - 64, p.n - column);
        if (!more) return;
        beginTile();
    }
}

template <typename T>
__device__ __forceinline__ void product(const TensorMap& a, const TensorMap& b, const Arguments& p) {
    inWarpgroups<Shared, PRODUCER_REGISTERS, CONSUMER_REGISTERS>(
        a, b, READERS, [&](Shared& shared) { produce(&a, &b, p, shared); }, [&](Shared& shared, int group) { consume<T>(p, shared, group); });
}
}  // namespace rows
}  // namespace f8
#endif
