// The grouped products on tensor cores through mma.sync (m16n8k16), bf16 operands, fp32 sums, for GPUs without wgmma and for rows that are not aligned to 16
// bytes. A block of 4 warps computes a 128 x 128 tile, each warp 64 x 64 of it, from a ring of slices of k in shared memory. Asynchronous copies fill the ring
// STAGES - 1 slices ahead. While a warp multiplies 16 terms, it already has the fragments of the next 16 in registers; while it stores results, the first
// slices of the next tile are being copied. Two blocks share a multiprocessor, so that one multiplies while the other waits or stores. Two rings of 64 KiB also
// fit on sm_80, and one ring fits on every GPU. Products, shapes and work are as in grouped_gemm_sm90.cu; nothing outside an expert's rows and columns is read.
// The Java twin is CpuGrouped. Traffic: a block copies 32 KiB into shared memory for each 2 * 128 * 128 * 64 operations; the forward gate-up product with
// R 98304, D 2048, 2F 2816 copies 17.7 GB, mostly from L2.
// Example: x (1, 16) all ones, w[0] (24, 16) with w[o, i] = o: y[0, o] = 16 o.
#include "grouped_operand.cuh"
#include "elements.cuh"
#include "gradient_results.cuh"

namespace mma {
static constexpr int THREADS = 128, TILE = 128, BK = 64, STAGES = 2;  // as in Grid.Grids.product
static constexpr int VECTORS = BK / 8;                                // vectors of 16 bytes in a slice, along k
static constexpr int WARP = 64;                                       // rows, and columns, of a warp's part
static constexpr int STAGING = 16 * 128;                              // bytes through which a warp stores 16 rows

__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void wait() { asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory"); }
// Copies 16 bytes, or writes zeros where the source is outside.
__device__ __forceinline__ void copy(uint32_t to, const bf16* from, bool inside) {
    asm volatile(
        "{\n"
        ".reg .pred outside;\n"
        "setp.eq.s32 outside, %2, 0;\n"
        "cp.async.cg.shared.global [%0], [%1], 16, outside;\n"
        "}\n" ::"r"(to), "l"(from), "r"((int)inside)
        : "memory");
}

// A slice of an operand in shared memory, in vectors of 8 elements; it has TILE elements along m or n. BY_K: vector v is number v % VECTORS of row v / VECTORS.
// Otherwise a row of 128 bytes is 64 elements along m or n, and BK rows form a piece: vector v is number v % 8 of row v / 8 % BK of piece v / 8 / BK. Eight
// vectors form a line of 128 bytes.
template <bool BY_K>
struct Slice {
    static constexpr int BYTES = TILE * BK * 2;

    static __device__ __forceinline__ int place(int v) { return swizzled(v >> 3, v & 7); }

    // Where this lane reads its row of the 8 x 8 matrices of the 16 x 16 part at (mn, 0). ACROSS: in the order of an A fragment (mn, then k); otherwise in the
    // order of two B fragments (k, then mn).
    template <bool ACROSS>
    static __device__ __forceinline__ int lanePlace(int mn) {
        const int lane = threadIdx.x & 31, part = lane >> 3, in = lane & 7;
        const int dmn = ACROSS ? part & 1 : part >> 1, dk = ACROSS ? part >> 1 : part & 1;
        return BY_K ? place((mn + 8 * dmn + in) * VECTORS + dk) : place((mn / 64 * BK + 8 * dk + in) * 8 + dmn);
    }
    // Loads the 16 x 16 part that is 16 i elements further along m or n, and k terms further along k; `at` is the slice's address plus the lane's place.
    static __device__ __forceinline__ void fragment(uint32_t (&f)[4], uint32_t at, int i, int k) {
        if (BY_K) asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(f[0]), "=r"(f[1]), "=r"(f[2]), "=r"(f[3]) : "r"((at ^ (k * 2)) + i * 16 * BK * 2) : "memory");
        else asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(f[0]), "=r"(f[1]), "=r"(f[2]), "=r"(f[3]) : "r"((at ^ (i * 32)) + k * 128) : "memory");
    }
};

// Copies the slices of the operand's part at mn, one slice after the other. Each thread copies every THREADS-th vector.
template <bool BY_K>
struct Feed {
    static constexpr int COPIES = TILE * BK / 8 / THREADS, ROWS = THREADS / (BY_K ? VECTORS : 8);
    const bf16* at;
    long long stride;
    int rows, columns;  // that remain from `at` on
    bool wide;

    __device__ __forceinline__ void start(const Operand<bf16, BY_K>& from, int mn) {
        const int row = BY_K ? mn + threadIdx.x / VECTORS : threadIdx.x / 8, column = BY_K ? threadIdx.x % VECTORS * 8 : mn + threadIdx.x % 8 * 8;
        at = from.base + row * from.stride + column;
        stride = from.stride;
        rows = from.rows - row;
        columns = from.columns - column;
        wide = aligned16(from.base, from.stride) && from.columns % 8 == 0;
    }
    // Copies the next slice; `to` is where the thread's first vector belongs.
    __device__ __forceinline__ void next(uint32_t to) {
        if (wide) {
#pragma unroll
            for (int i = 0; i < COPIES; i++) copy(to + i * THREADS * 16, at + row(i) * stride + column(i), row(i) < rows && column(i) < columns);
        } else {
#pragma unroll 1
            for (int i = 0; i < COPIES; i++) {
                const bf16* from = at + row(i) * stride + column(i);
                uint32_t v[4];
#pragma unroll
                for (int e = 0; e < 8; e += 2) v[e / 2] = packed(element(from, i, e), element(from, i, e + 1));
                asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to + i * THREADS * 16), "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]) : "memory");
            }
        }
        at += BY_K ? BK : BK * stride;
        if (BY_K) columns -= BK;
        else rows -= BK;
    }

private:
    // Row and column of the thread's vector i, relative to its first vector.
    static __device__ __forceinline__ int row(int i) { return BY_K ? i * ROWS : i * ROWS % BK; }
    static __device__ __forceinline__ int column(int i) { return BY_K ? 0 : i * ROWS / BK * 64; }
    __device__ __forceinline__ float element(const bf16* from, int i, int e) const { return row(i) < rows && column(i) + e < columns ? load(from + e) : 0.f; }
};

__device__ __forceinline__ void multiply(float* d, const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Where a warp stores its sums, and how many rows and columns it stores.
template <typename C>
struct Part {
    C* c;
    long long stride;
    int rows, columns;
    bool wide;
};

// The work of a block on each tile in turn: start() fetches the first slices, run() multiplies all slices, store() writes the sums.
template <int PRODUCT, typename C>
struct Multiplication {
    using P = Problem<PRODUCT, bf16, C>;
    using A = Slice<P::A_BY_K>;
    using B = Slice<P::B_BY_K>;
    static constexpr int BYTES = A::BYTES + B::BYTES;  // of a stage
    static_assert(THREADS / 32 * STAGING <= BYTES, "warps store through a stage");

    Feed<P::A_BY_K> a;
    Feed<P::B_BY_K> b;
    uint32_t ring;       // address of the stages
    int slot = 0;        // stage of the next slice to multiply
    int slices, ahead;   // of the tile: all slices, and those not yet fetched
    float d[4][32];

    // Starts to copy the next slice, if there is one. Otherwise it commits an empty group, so that the number of groups always equals the number of slices.
    __device__ __forceinline__ void fetch(int stage) {
        if (ahead-- > 0) {
            const uint32_t to = ring + stage * BYTES + swizzled(threadIdx.x >> 3, threadIdx.x & 7);
            a.next(to);
            b.next(to + A::BYTES);
        }
        commit();
    }
    static __device__ __forceinline__ int after(int stage) { return stage + 1 == STAGES ? 0 : stage + 1; }
    static __device__ __forceinline__ int before(int stage) { return stage == 0 ? STAGES - 1 : stage - 1; }

    // The warp's part of a tile.
    static __device__ __forceinline__ Part<C> part(const P& p, int row, int column) {
        const int warp = threadIdx.x >> 5, r = row + warp % 2 * WARP, c = column + warp / 2 * WARP;
        return {p.c + r * p.cStride + c, p.cStride, p.m - r, p.n - c, aligned16(p.c, p.cStride)};
    }

    // Starts a tile: fetches its first slices.
    __device__ __forceinline__ void start(const P& p, int row, int column) {
        a.start(p.a, row);
        b.start(p.b, column);
        slices = ahead = (p.k + BK - 1) / BK;
        for (int s = 0, stage = slot; s < STAGES - 1; s++, stage = after(stage)) fetch(stage);
    }
    // Multiplies all slices of the tile.
    __device__ __forceinline__ void run() {
        const int warp = threadIdx.x >> 5, laneA = A::template lanePlace<true>(warp % 2 * WARP), laneB = A::BYTES + B::template lanePlace<false>(warp / 2 * WARP);
        uint32_t fa[2][4][4], fb[2][4][4];
        const auto fragments = [&](int to, int stage, int k) {
            const uint32_t at = ring + stage * BYTES;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                A::fragment(fa[to][i], at + laneA, i, k);
                B::fragment(fb[to][i], at + laneB, i, k);
            }
        };
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int j = 0; j < 32; j++) d[i][j] = 0.f;
        }
        if (slices == 0) return;
        wait<STAGES - 2>();
        __syncthreads();
        fragments(0, slot, 0);
#pragma unroll 1
        for (int s = 0; s < slices; s++) {
            const int free = before(slot), next = after(slot);
#pragma unroll
            for (int k = 0; k < BK; k += 16) {
                if (k + 16 < BK) {
                    fragments((k / 16 + 1) & 1, slot, k + 16);
                } else if (s + 1 < slices) {
                    wait<STAGES - 2>();
                    __syncthreads();  // all threads see the next slice, and all have read this one
                    fragments(0, next, 0);
                }
                if (k == 0) fetch(free);
#pragma unroll
                for (int i = 0; i < 4; i++) {
#pragma unroll
                    for (int j = 0; j < 8; j++) multiply(d[i] + 4 * j, fa[k / 16 & 1][i], fb[k / 16 & 1][j / 2][2 * (j & 1)], fb[k / 16 & 1][j / 2][2 * (j & 1) + 1]);
                }
            }
            slot = next;
        }
    }
    // Stores the warp's part of the tile. All threads have finished run(), so the stage that it read last is free.
    __device__ __forceinline__ void store(const Part<C>& part, unsigned char* raw, bool accumulate) {
        unsigned char* staging = raw + before(slot) * BYTES + (threadIdx.x >> 5) * STAGING;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            C* c = part.c + 16 * i * part.stride;
            if constexpr (PRODUCT == WEIGHT_GRADIENT) storeGradient(d[i], c, part.stride, part.rows - 16 * i, part.columns, part.wide, accumulate);
            else storeRows(d[i], staging, c, part.stride, part.rows - 16 * i, part.columns, part.wide, accumulate);
        }
    }
};

template <int PRODUCT, typename C>
__device__ __forceinline__ void product(const bf16* rows, long long rowsStride, const bf16* others, long long othersStride, long long expertStride, const int* offsets, int experts,
                                        int outputs, int inputs, long long capacity, C* c, long long cStride, bool accumulate) {
    using M = Multiplication<PRODUCT, C>;
    extern __shared__ __align__(128) unsigned char raw[];
    Tiles<PRODUCT, TILE, TILE> tiles(offsets, experts, outputs, PRODUCT == FORWARD ? outputs : inputs, capacity);
    M m;
    m.ring = sharedAddress(raw);
    Part<C> next;
    const auto advance = [&] {
        if (!tiles.next()) return false;
        const Problem<PRODUCT, bf16, C> problem(tiles, rows, rowsStride, others, othersStride, expertStride, outputs, inputs, c, cStride);
        m.start(problem, tiles.row(), tiles.column());
        next = M::part(problem, tiles.row(), tiles.column());
        return true;
    };
    for (bool more = advance(); more;) {
        const Part<C> part = next;
        const bool untouched = m.slices == 0 && accumulate;
        m.run();
        more = advance();
        __syncthreads();
        if (!untouched) m.store(part, raw, accumulate);
    }
}
}  // namespace mma

extern "C" __global__ void __launch_bounds__(mma::THREADS, 2) grouped_forward_bf16(const bf16* x, long long xStride, const bf16* w, long long expertStride, long long wStride,
                                                                                   const int* offsets, int experts, int outputs, int inputs, long long capacity, bf16* y,
                                                                                   long long yStride, const int* /* before: unused, a row's bits do not depend on its place */, int accumulate) {
    mma::product<FORWARD>(x, xStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, y, yStride, accumulate != 0);
}
extern "C" __global__ void __launch_bounds__(mma::THREADS, 2) grouped_input_gradient_bf16(const bf16* dy, long long dyStride, const bf16* w, long long expertStride,
                                                                                          long long wStride, const int* offsets, int experts, int outputs, int inputs,
                                                                                          long long capacity, bf16* dx, long long dxStride, const int* /* before: unused, a row's bits do not depend on its place */, int accumulate) {
    mma::product<INPUT_GRADIENT>(dy, dyStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, dx, dxStride, accumulate != 0);
}
#define MMA_WEIGHTS(name, C)                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(mma::THREADS, 2)                                                                                                 \
        grouped_weight_gradient_bf16_##name(const bf16* dy, long long dyStride, const bf16* x, long long xStride, const int* offsets, int experts, int outputs,   \
                                            int inputs, long long capacity, C* dw, long long expertStride, long long rowStride, int accumulate) {                 \
        mma::product<WEIGHT_GRADIENT>(dy, dyStride, x, xStride, expertStride, offsets, experts, outputs, inputs, capacity, dw, rowStride, accumulate != 0);       \
    }
MMA_WEIGHTS(f32, float)
MMA_WEIGHTS(bf16, bf16)
