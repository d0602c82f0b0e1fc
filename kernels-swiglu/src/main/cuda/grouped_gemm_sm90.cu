// The grouped products on Hopper's tensor cores: C = A * B per expert, bf16 operands, fp32 sums. Each multiprocessor has one block of 3 warpgroups, which walks
// over the tiles of all experts; it reads the experts' bounds on the device. A producer thread keeps a ring of STAGES slices of k in flight with bulk tensor
// copies. Two warpgroups multiply, each one half of the tile's rows. Results in bf16 are stored while the next tile is multiplied (held_rows.cuh), results in
// fp32 while the producer already fetches the next tile. The Java twin is CpuGrouped.
//   forward         y (rows, O)  = x (rows, I)   * w[j]^T        A by k, B by k
//   input gradient  dx (rows, I) = dy (rows, O)  * w[j]          A by k, B by n
//   weight gradient dw[j] (O, I) = dy^T (O, rows) * x (rows, I)  A by m, B by n
// Rows beyond an expert's end may be copied but do not affect results. In the first two products, a row of A affects one row of C only, which is not stored. In
// the third, such rows are replaced by zeros before they are multiplied (they may hold NaN). For columns beyond a matrix's end, the tensor map delivers zeros.
// Operands need 16-byte aligned rows; other shapes use grouped_gemm_mma.cu. These kernels exist only in the sm_90a code: the host checks whether the module has
// them. Work and traffic of the forward gate-up product, R 98304, D 2048, 2F 2816, 16 experts: 1134 GFLOP, 1.66 ms at 685 TFLOP/s; 403 MB (x) + 185 MB (w) +
// 554 MB (y), 0.27 ms at 4274 GB/s. So arithmetic is the limit. Example: see grouped_gemm_mma.cu.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "gradient_results.cuh"
#include "grouped_tiles.cuh"
#include "held_rows.cuh"
#include "sm90.cuh"

namespace sm90 {
static constexpr int BK = 64;                 // a slice of k: one row of 128 bytes
static constexpr int STAGES = 4;              // Grid.Grids.hopper computes its shared bytes from these numbers
static constexpr int THREADS = 384;
static constexpr int SUB = 64 * 128;          // bytes of 64 rows of 128 bytes
static constexpr int STAGING = 16 * 128;      // bytes through which a warp turns 16 rows of 64 results into 16-byte stores
static constexpr int PRODUCER_REGISTERS = 40, CONSUMER_REGISTERS = 232;
static constexpr int READERS = 2;  // each warpgroup that multiplies releases a stage

template <int BM, int BN>
struct Shared {
    unsigned char a[STAGES][BM * 128];
    unsigned char b[STAGES][BN * 128];
    unsigned char staging[8][STAGING];
    uint64_t full[STAGES], empty[STAGES];
};

struct Arguments {
    const int* offsets;
    int experts, outputs, inputs;
    long long capacity;
    void* c;
    long long expertStride, rowStride;  // of C; expertStride is used for dw only
    bool accumulate;
};

template <int PRODUCT>
__device__ __forceinline__ int columnsOf(const Arguments& p) { return PRODUCT == FORWARD ? p.outputs : p.inputs; }

template <int PRODUCT, typename Tiles>
__device__ __forceinline__ int slicesOf(const Arguments& p, const Tiles& tiles) {
    long long k = PRODUCT == FORWARD ? p.inputs : PRODUCT == INPUT_GRADIENT ? p.outputs : tiles.last - tiles.first;
    return (int)((k + BK - 1) / BK);
}

// Fills the ring. Runs on one thread.
template <int PRODUCT, int BM, int BN>
__device__ __forceinline__ void produce(const TensorMap* a, const TensorMap* b, const Arguments& p, Shared<BM, BN>& shared) {
    Tiles<PRODUCT, BM, BN, int> tiles(p.offsets, p.experts, p.outputs, columnsOf<PRODUCT>(p), p.capacity);
    int stage = 0;
    uint32_t phase = 0;
    while (tiles.next()) {
        const int first = (int)tiles.first, row = tiles.row(), column = tiles.column(), slices = slicesOf<PRODUCT>(p, tiles);
        for (int s = 0; s < slices; s++) {
            barrierWait(&shared.empty[stage], phase ^ 1);
            uint64_t* full = &shared.full[stage];
            barrierExpect(full, (BM + BN) * 128);
            if (PRODUCT == WEIGHT_GRADIENT) {
#pragma unroll
                for (int i = 0; i < BM / 64; i++) copyBox(shared.a[stage] + i * SUB, a, full, row + i * 64, first + s * BK);
#pragma unroll
                for (int i = 0; i < BN / 64; i++) copyBox(shared.b[stage] + i * SUB, b, full, column + i * 64, first + s * BK);
            } else {
                copyBox(shared.a[stage], a, full, s * BK, first + row);
                if (PRODUCT == FORWARD) {
                    copyBox(shared.b[stage], b, full, s * BK, column, tiles.expert);
                } else {
#pragma unroll
                    for (int i = 0; i < BN / 64; i++) copyBox(shared.b[stage] + i * SUB, b, full, column + i * 64, s * BK, tiles.expert);
                }
            }
            if (++stage == STAGES) {
                stage = 0;
                phase ^= 1;
            }
        }
    }
}

// Zeros the rows from `valid` on in all 64-row pieces of a stage. Both consumer warpgroups take part.
template <int BM, int BN>
__device__ __forceinline__ void clearTail(Shared<BM, BN>& shared, int stage, int valid, int thread) {
    const int perPiece = (BK - valid) * 8;
    for (int i = thread; i < perPiece * ((BM + BN) / 64); i += 256) {
        int piece = i / perPiece, at = valid * 128 + i % perPiece * 16;
        unsigned char* base = piece < BM / 64 ? shared.a[stage] + piece * SUB : shared.b[stage] + (piece - BM / 64) * SUB;
        *reinterpret_cast<uint4*>(base + at) = make_uint4(0, 0, 0, 0);
    }
    fenceAsync();
    syncThreads(1, 256);
}

// Where a warp's results begin, and how many rows and columns the expert's part of C has from there on.
template <typename T>
struct Place {
    T* c;
    int rows, columns;
};
// The place of (row, column) of the expert's part of C.
template <int PRODUCT, typename T, typename Tiles>
__device__ __forceinline__ Place<T> placeOf(const Arguments& p, const Tiles& tiles, int row, int column) {
    const int columns = columnsOf<PRODUCT>(p) - column;
    T* c = static_cast<T*>(p.c) + column;
    if constexpr (PRODUCT == WEIGHT_GRADIENT) return {c + tiles.expert * p.expertStride + row * p.rowStride, p.outputs - row, columns};
    else return {c + (tiles.first + row) * p.rowStride, (int)(tiles.last - tiles.first) - row, columns};
}

// Stores a warp's 16 rows of a block that begins `row` rows after `to`.
template <typename T, int N>
__device__ __forceinline__ void storeBlock(const Arguments& p, float (&d)[N], unsigned char* staging, const Place<T>& to, int row) {
    if constexpr (sizeof(T) == 4) storeGradientRows(d, staging, to.c + row * p.rowStride, p.rowStride, to.rows - row, to.columns, p.accumulate);
    else storeRows(d, staging, to.c + row * p.rowStride, p.rowStride, to.rows - row, to.columns, true, p.accumulate);
}

// Multiplies and stores. Warpgroup `group` (0 or 1) has BM / 2 rows of the tile, from row group * BM / 2 on. HOLDS: results stay in registers, and are stored
// while the next tile is multiplied.
template <bool HOLDS, int PRODUCT, int BM, int BN, typename T>
__device__ __forceinline__ void consume(const Arguments& p, Shared<BM, BN>& shared, int group) {
    constexpr bool A_BY_K = PRODUCT != WEIGHT_GRADIENT, B_BY_K = PRODUCT == FORWARD;
    constexpr int BLOCKS = BM / 128;  // blocks of 64 rows per warpgroup
    const int thread = threadIdx.x - 128, warp = (thread >> 5) & 3;
    const int columns = columnsOf<PRODUCT>(p);
    Tiles<PRODUCT, BM, BN, int> tiles(p.offsets, p.experts, p.outputs, columns, p.capacity);
    const uint32_t firstA = descriptorOf<A_BY_K>(shared.a[0] + group * BLOCKS * SUB), firstB = descriptorOf<B_BY_K>(shared.b[0]);
    unsigned char* staging = shared.staging[group * 4 + warp];
    HeldRows<BLOCKS, BN / 2> held;
    int stage = 0;
    uint32_t phase = 0;
    while (tiles.next()) {
        float d[BLOCKS][BN / 2];
#pragma unroll
        for (int m = 0; m < BLOCKS; m++) {
#pragma unroll
            for (int i = 0; i < BN / 2; i++) d[m][i] = 0.f;
        }
        const int slices = slicesOf<PRODUCT>(p, tiles);
        int previous = stage;
        for (int s = 0; s < slices; s++) {
            barrierWait(&shared.full[stage], phase);
            if (PRODUCT == WEIGHT_GRADIENT) {
                int valid = (int)(tiles.last - tiles.first) - s * BK;
                if (valid < BK) clearTail<BM, BN>(shared, stage, valid, thread);
            }
            const uint32_t a = firstA + stage * further(BM * 128), b = firstB + stage * further(BN * 128);
#pragma unroll
            for (int m = 0; m < BLOCKS; m++) pin(d[m]);
            wgmmaFence();
#pragma unroll
            for (int k = 0; k < BK / 16; k++) {
#pragma unroll
                for (int m = 0; m < BLOCKS; m++)
                    wgmma<A_BY_K, B_BY_K>(d[m], whole<A_BY_K>(a + further(m * SUB + k * sliceBytes<A_BY_K>())), whole<B_BY_K>(b + further(k * sliceBytes<B_BY_K>())));
            }
            wgmmaCommit();
#pragma unroll
            for (int m = 0; m < BLOCKS; m++) pin(d[m]);
            if constexpr (HOLDS) held.store(s, s + 1, staging, p.rowStride);
            // When at most this slice's products are pending, the slice before it has been multiplied.
            wgmmaWait<1>();
            if (s > 0 && thread % 128 == 0) barrierArrive(&shared.empty[previous]);
            previous = stage;
            if (++stage == STAGES) {
                stage = 0;
                phase ^= 1;
            }
        }
        wgmmaWait<0>();
#pragma unroll
        for (int m = 0; m < BLOCKS; m++) pin(d[m]);
        if (slices > 0 && thread % 128 == 0) barrierArrive(&shared.empty[previous]);

        const Place<T> to = placeOf<PRODUCT, T>(p, tiles, tiles.row() + group * BLOCKS * 64 + warp * 16, tiles.column());
        if constexpr (HOLDS) {
            held.store(slices, held.PIECES, staging, p.rowStride);  // the remaining pieces, if there are fewer slices than pieces
            held.take(d, to.c, to.rows, to.columns);
        } else if (slices > 0 || !p.accumulate) {
#pragma unroll
            for (int m = 0; m < BLOCKS; m++) storeBlock(p, d[m], staging, to, m * 64);
        }
    }
    if constexpr (HOLDS) held.store(0, held.PIECES, staging, p.rowStride);
}

template <int PRODUCT, int BM, int BN, typename T>
__device__ __forceinline__ void product(const TensorMap& a, const TensorMap& b, const Arguments& p) {
    constexpr bool FITS = sizeof(T) == 2;  // results in fp32 would need more registers than the next tile's sums leave
    const bool holds = FITS && !p.accumulate && columnsOf<PRODUCT>(p) % 8 == 0;
    inWarpgroups<Shared<BM, BN>, PRODUCER_REGISTERS, CONSUMER_REGISTERS>(
        a, b, READERS, [&](Shared<BM, BN>& shared) { produce<PRODUCT, BM, BN>(&a, &b, p, shared); },
        [&](Shared<BM, BN>& shared, int group) {
            if (holds) consume<FITS, PRODUCT, BM, BN, T>(p, shared, group);
            else consume<false, PRODUCT, BM, BN, T>(p, shared, group);
        });
}
}  // namespace sm90

// c is y or dx, (R_max, columns) with a row stride. a is x or dy with boxes (BM, 64); b is w with boxes (BN, 64) for forward and (64, 64) for the input
// gradient.
#define SM90_ROWS(name, PRODUCT, BM, BN)                                                                                                                          \
    extern "C" __global__ void __launch_bounds__(sm90::THREADS, 1)                                                                                                \
        name##_bf16_sm90_##BM##x##BN(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, const int* offsets, int experts, int outputs,      \
                                     int inputs, long long capacity, bf16* c, long long stride, int accumulate) {                                                 \
        sm90::product<PRODUCT, BM, BN, bf16>(a, b, {offsets, experts, outputs, inputs, capacity, c, 0, stride, accumulate != 0});                                 \
    }
SM90_ROWS(grouped_forward, FORWARD, 128, 256)
SM90_ROWS(grouped_forward, FORWARD, 256, 128)
SM90_ROWS(grouped_input_gradient, INPUT_GRADIENT, 128, 256)
SM90_ROWS(grouped_input_gradient, INPUT_GRADIENT, 256, 128)

// c is dw, (experts, O, I). a is dy and b is x, both with boxes (64, 64).
#define SM90_WEIGHTS(name, T, BM, BN)                                                                                                                             \
    extern "C" __global__ void __launch_bounds__(sm90::THREADS, 1)                                                                                                \
        grouped_weight_gradient_bf16_##name##_sm90_##BM##x##BN(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, const int* offsets,      \
                                                               int experts, int outputs, int inputs, long long capacity, T* dw, long long expertStride,           \
                                                               long long rowStride, int accumulate) {                                                             \
        sm90::product<WEIGHT_GRADIENT, BM, BN, T>(a, b, {offsets, experts, outputs, inputs, capacity, dw, expertStride, rowStride, accumulate != 0});             \
    }
SM90_WEIGHTS(f32, float, 128, 256)
SM90_WEIGHTS(f32, float, 256, 128)
SM90_WEIGHTS(bf16, bf16, 128, 256)
SM90_WEIGHTS(bf16, bf16, 256, 128)
#endif
