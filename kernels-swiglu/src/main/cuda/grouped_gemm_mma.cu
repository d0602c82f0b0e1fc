// The grouped products on tensor cores through mma.sync (m16n8k16), bf16 operands, fp32 sums, for chips without wgmma and for rows that are not aligned to 16 bytes.
// A block of 8 warps makes a 128 x 128 tile, each warp 64 x 32 of it, from a ring of slices of k in shared memory that asynchronous copies fill ahead.
// Products, shapes and tails as in grouped_gemm_sm90.cu; nothing outside an expert's rows and columns is read. The Java twin is CpuGrouped.
// Example: x (1, 16) all ones, w[0] (24, 16) with w[o, i] = o: y[0, o] = 16 o.
#include "grouped_operand.cuh"

namespace mma {
static constexpr int THREADS = 256, TILE = 128, BK = 32, STAGES = 4;  // Grid.MMA
static constexpr int PITCH_K = BK + 8, PITCH_MN = TILE + 8;  // elements a row of shared memory: 8 rows lie in 8 different groups of 4 banks
static constexpr int VECTORS = TILE * BK / 8 / THREADS;     // 16-byte copies of a thread, per operand and slice

__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void wait() { asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory"); }

template <bool BY_K>
struct Slice {
    static constexpr int PITCH = BY_K ? PITCH_K : PITCH_MN;
    bf16 data[TILE * PITCH_K];  // or BK * PITCH_MN, which is less

    // Where vector v of the slice lies: in rows of BK / 8 vectors, or of TILE / 8.
    static __device__ __forceinline__ int row(int v) { return BY_K ? v / (BK / 8) : v / (TILE / 8); }
    static __device__ __forceinline__ int column(int v) { return 8 * (BY_K ? v % (BK / 8) : v % (TILE / 8)); }

    // Starts to fill the slice from (mn, k). What cannot be copied 16 bytes at a time is stored element by element, zeros outside.
    __device__ __forceinline__ void fetch(const Operand<bf16, BY_K>& from, int mn, int k, bool wide) {
#pragma unroll 1
        for (int i = 0; i < VECTORS; i++) {
            const int at = threadIdx.x + i * THREADS;
            const int r = row(at) + (BY_K ? mn : k), c = column(at) + (BY_K ? k : mn);
            bf16* to = data + row(at) * PITCH + column(at);
            if (wide && r < from.rows && c + 8 <= from.columns) {
                asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from.base + r * from.stride + c) : "memory");
            } else {
#pragma unroll 1
                for (int e = 0; e < 8; e++) to[e] = from.element(r, c + e);
            }
        }
    }
    // Four 8 x 8 matrices of the 16 x 16 part at (mn, k). ACROSS: in the order of an A fragment (mn, then k); otherwise that of two B fragments (k, then mn).
    template <bool ACROSS>
    __device__ __forceinline__ void fragments(uint32_t (&f)[4], int mn, int k) const {
        const int lane = threadIdx.x & 31, part = lane >> 3, in = lane & 7;
        const int dmn = 8 * (ACROSS ? part & 1 : part >> 1), dk = 8 * (ACROSS ? part >> 1 : part & 1);
        const bf16* p = BY_K ? data + (mn + dmn + in) * PITCH + k + dk : data + (k + dk + in) * PITCH + mn + dmn;
        const uint32_t address = (uint32_t)__cvta_generic_to_shared(p);
        if (BY_K) asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(f[0]), "=r"(f[1]), "=r"(f[2]), "=r"(f[3]) : "r"(address) : "memory");
        else asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(f[0]), "=r"(f[1]), "=r"(f[2]), "=r"(f[3]) : "r"(address) : "memory");
    }
};

__device__ __forceinline__ void multiply(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <int PRODUCT, typename C>
__device__ __forceinline__ void tile(const Problem<PRODUCT, bf16, C>& p, int row, int column, bool accumulate) {
    using P = Problem<PRODUCT, bf16, C>;
    extern __shared__ __align__(16) unsigned char raw[];
    Slice<P::A_BY_K>* a = reinterpret_cast<Slice<P::A_BY_K>*>(raw);
    Slice<P::B_BY_K>* b = reinterpret_cast<Slice<P::B_BY_K>*>(a + STAGES);
    const bool wideA = aligned16(p.a.base, p.a.stride), wideB = aligned16(p.b.base, p.b.stride);
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warpRow = (warp & 1) * 64, warpColumn = (warp >> 1) * 32;
    float d[4][4][4] = {};
    const int slices = (p.k + BK - 1) / BK;
    const auto fetch = [&](int s) {
        if (s < slices) {
            a[s % STAGES].fetch(p.a, row, s * BK, wideA);
            b[s % STAGES].fetch(p.b, column, s * BK, wideB);
        }
        commit();  // an empty group too, so that groups count slices
    };
    for (int s = 0; s < STAGES - 1; s++) fetch(s);
    for (int s = 0; s < slices; s++) {
        wait<STAGES - 2>();
        __syncthreads();  // slice s is there for all, and all are done with slice s - 1, whose place the next one takes
        fetch(s + STAGES - 1);
#pragma unroll 1
        for (int k = 0; k < BK; k += 16) {
            uint32_t fa[4][4], fb[2][4];
#pragma unroll
            for (int i = 0; i < 4; i++) a[s % STAGES].template fragments<true>(fa[i], warpRow + 16 * i, k);
#pragma unroll
            for (int j = 0; j < 2; j++) b[s % STAGES].template fragments<false>(fb[j], warpColumn + 16 * j, k);
#pragma unroll
            for (int i = 0; i < 4; i++) {
#pragma unroll
                for (int j = 0; j < 4; j++) multiply(d[i][j], fa[i], fb[j >> 1][2 * (j & 1)], fb[j >> 1][2 * (j & 1) + 1]);
            }
        }
    }
    wait<0>();
    __syncthreads();  // the next tile fills the ring anew
    if (slices == 0 && accumulate) return;
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const int r = row + warpRow + 16 * i + (lane >> 2), c = column + warpColumn + 8 * j + 2 * (lane & 3);
            p.put(r, c, d[i][j][0], accumulate);
            p.put(r, c + 1, d[i][j][1], accumulate);
            p.put(r + 8, c, d[i][j][2], accumulate);
            p.put(r + 8, c + 1, d[i][j][3], accumulate);
        }
    }
}

template <int PRODUCT, typename C>
__device__ __forceinline__ void product(const bf16* rows, long long rowsStride, const bf16* others, long long othersStride, long long expertStride, const int* offsets, int experts,
                                        int outputs, int inputs, long long capacity, C* c, long long cStride, bool accumulate) {
    Tiles<PRODUCT, TILE, TILE> tiles(offsets, experts, outputs, PRODUCT == FORWARD ? outputs : inputs, capacity);
    while (tiles.next()) {
        Problem<PRODUCT, bf16, C> problem(tiles, rows, rowsStride, others, othersStride, expertStride, outputs, inputs, c, cStride);
        tile(problem, tiles.row(), tiles.column(), accumulate);
    }
}
}  // namespace mma

extern "C" __global__ void __launch_bounds__(mma::THREADS, 2) grouped_forward_bf16(const bf16* x, long long xStride, const bf16* w, long long expertStride, long long wStride,
                                                                                const int* offsets, int experts, int outputs, int inputs, long long capacity, bf16* y,
                                                                                long long yStride) {
    mma::product<FORWARD>(x, xStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, y, yStride, false);
}
extern "C" __global__ void __launch_bounds__(mma::THREADS, 2) grouped_input_gradient_bf16(const bf16* dy, long long dyStride, const bf16* w, long long expertStride, long long wStride,
                                                                                       const int* offsets, int experts, int outputs, int inputs, long long capacity, bf16* dx,
                                                                                       long long dxStride) {
    mma::product<INPUT_GRADIENT>(dy, dyStride, w, wStride, expertStride, offsets, experts, outputs, inputs, capacity, dx, dxStride, false);
}
#define MMA_WEIGHTS(name, C)                                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(mma::THREADS, 1)                                                                                                    \
        grouped_weight_gradient_bf16_##name(const bf16* dy, long long dyStride, const bf16* x, long long xStride, const int* offsets, int experts, int outputs,   \
                                            int inputs, long long capacity, C* dw, long long expertStride, long long rowStride, int accumulate) {                 \
        mma::product<WEIGHT_GRADIENT>(dy, dyStride, x, xStride, expertStride, offsets, experts, outputs, inputs, capacity, dw, rowStride, accumulate != 0);       \
    }
MMA_WEIGHTS(f32, float)
MMA_WEIGHTS(bf16, bf16)
