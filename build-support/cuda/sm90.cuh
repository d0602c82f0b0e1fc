// Instructions of Hopper that products and attention use: barriers in shared memory, bulk tensor copies (TMA), warpgroup products (wgmma).
#pragma once
#include "grouped_results.cuh"

// A CUtensorMap, encoded by the host: a matrix or a stack of matrices, copied in boxes with rows of 128 bytes and 128-byte swizzle, zeros outside.
struct alignas(64) TensorMap {
    unsigned char bytes[128];
};

// ---- barriers: a phase completes when all expected arrivals and all announced bytes have come in
__device__ __forceinline__ void barrierInit(uint64_t* barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(arrivals));
}
// The two barriers of a buffer in shared memory: `full` completes when the one thread that fills the buffer has arrived and its copies are complete, `empty`
// when `readers` readers have arrived. The second form initialises those of all stages of a ring.
__device__ __forceinline__ void initRing(uint64_t& full, uint64_t& empty, int readers) {
    barrierInit(&full, 1);
    barrierInit(&empty, readers);
}
template <int STAGES>
__device__ __forceinline__ void initRing(uint64_t (&full)[STAGES], uint64_t (&empty)[STAGES], int readers) {
    for (int s = 0; s < STAGES; s++) initRing(full[s], empty[s], readers);
}
__device__ __forceinline__ void barrierExpect(uint64_t* barrier, uint32_t bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(bytes) : "memory");
}
__device__ __forceinline__ void barrierArrive(uint64_t* barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
}
__device__ __forceinline__ void barrierWait(uint64_t* barrier, uint32_t phase) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n"
        "}\n" ::"r"(sharedAddress(barrier)),
        "r"(phase)
        : "memory");
}
// Arrives at the barrier at the same place in the shared memory of another block of the cluster.
__device__ __forceinline__ void barrierArrive(uint64_t* barrier, uint32_t block) {
    asm volatile(
        "{\n"
        ".reg .b32 remote;\n"
        "mapa.shared::cluster.u32 remote, %0, %1;\n"
        "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];\n"
        "}\n" ::"r"(sharedAddress(barrier)),
        "r"(block)
        : "memory");
}
__device__ __forceinline__ uint32_t blockOfCluster() {
    uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
// A barrier of all threads of all blocks of the cluster. What they wrote before it is visible after it.
__device__ __forceinline__ void syncCluster() {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// Makes ordinary writes to shared memory visible to bulk copies and tensor cores.
__device__ __forceinline__ void fenceAsync() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
__device__ __forceinline__ void syncThreads(int name, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(name), "r"(threads) : "memory"); }
// Arrives at a barrier of syncThreads() without waiting.
__device__ __forceinline__ void arriveThreads(int name, int threads) { asm volatile("bar.arrive %0, %1;" ::"r"(name), "r"(threads) : "memory"); }

// ---- bulk copies of a box whose first element is (column, row[, matrix]); `barrier` counts the bytes
// Copies a box into the shared memory of both blocks of a cluster, at the same offset; the barrier at the same offset in each block counts its bytes.
__device__ __forceinline__ void copyBoxToBoth(void* to, const TensorMap* map, uint64_t* barrier, int column, int row) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4}], [%2], %5;" ::"r"(sharedAddress(to)),
                 "l"(map), "r"(sharedAddress(barrier)), "r"(column), "r"(row), "h"((unsigned short)3)
                 : "memory");
}
__device__ __forceinline__ void copyBoxToBoth(void* to, const TensorMap* map, uint64_t* barrier, int column, int row, int matrix) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4, %5}], [%2], %6;" ::"r"(
                     sharedAddress(to)),
                 "l"(map), "r"(sharedAddress(barrier)), "r"(column), "r"(row), "r"(matrix), "h"((unsigned short)3)
                 : "memory");
}
// Copies `bytes` contiguous bytes. `bytes`, and both addresses, are multiples of 16.
__device__ __forceinline__ void copyBytes(void* to, const void* from, uint32_t bytes, uint64_t* barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(sharedAddress(to)), "l"(from), "r"(bytes),
                 "r"(sharedAddress(barrier))
                 : "memory");
}
__device__ __forceinline__ void prefetchMap(const TensorMap* map) { asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory"); }
__device__ __forceinline__ void copyBox(void* to, const TensorMap* map, uint64_t* barrier, int column, int row) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(sharedAddress(to)), "l"(map),
                 "r"(sharedAddress(barrier)), "r"(column), "r"(row)
                 : "memory");
}
__device__ __forceinline__ void copyBox(void* to, const TensorMap* map, uint64_t* barrier, int column, int row, int matrix) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(sharedAddress(to)), "l"(map),
                 "r"(sharedAddress(barrier)), "r"(column), "r"(row), "r"(matrix)
                 : "memory");
}

__device__ __forceinline__ void copyBox(void* to, const TensorMap* map, uint64_t* barrier, int column, int row, int matrix, int stack) {
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(sharedAddress(to)), "l"(map),
                 "r"(sharedAddress(barrier)), "r"(column), "r"(row), "r"(matrix), "r"(stack)
                 : "memory");
}

// ---- registers: moved from the warpgroup that copies to the warpgroups that multiply
template <int COUNT>
__device__ __forceinline__ void registersUp() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT)); }
template <int COUNT>
__device__ __forceinline__ void registersDown() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT)); }

// ---- a product of two matrices by a block of 3 warpgroups
// Runs produce(shared) on one thread of the first warpgroup, which fills a ring in shared memory, and consume(shared, group) on all threads of the others,
// which are groups 0 and 1. `readers` arrivals release a stage of the ring. Swizzled operands begin at multiples of 1024 bytes.
template <typename Shared, int PRODUCER_REGISTERS, int CONSUMER_REGISTERS, typename Produce, typename Consume>
__device__ __forceinline__ void inWarpgroups(const TensorMap& a, const TensorMap& b, int readers, const Produce& produce, const Consume& consume) {
    extern __shared__ unsigned char raw[];
    Shared& shared = *reinterpret_cast<Shared*>(raw + (-sharedAddress(raw) & 1023));
    if (threadIdx.x == 0) {
        prefetchMap(&a);
        prefetchMap(&b);
        initRing(shared.full, shared.empty, readers);
        fenceAsync();
    }
    __syncthreads();
    const int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
    if (group == 0) {
        registersDown<PRODUCER_REGISTERS>();
        if (threadIdx.x == 0) produce(shared);
    } else {
        registersUp<CONSUMER_REGISTERS>();
        consume(shared, group - 1);
    }
}

// ---- operands of wgmma in shared memory, 128-byte swizzle, rows of 64 elements
// LEADING: bytes from 64 elements of a row to the next 64, where a row runs along m or n.
template <int LEADING>
__device__ __forceinline__ constexpr unsigned long long operandAt(uint32_t address) {
    constexpr unsigned long long SWIZZLE_128 = 1ull << 62, STRIDE = 1024 >> 4;
    return SWIZZLE_128 | STRIDE << 32 | (unsigned long long)(LEADING >> 4) << 16 | (unsigned long long)((address & 0x3FFFF) >> 4);
}
// BY_K: a row runs along k; groups of 8 rows (of m or n) are 1024 bytes apart.
// Otherwise a row runs along m or n; groups of 8 rows (of k) are 1024 bytes apart, and the next 64 elements of m or n are 8192 bytes (64 rows of k) further.
template <bool BY_K>
__device__ __forceinline__ unsigned long long operand(uint32_t address) { return operandAt<BY_K ? 16 : 8192>(address); }
// Bytes from one 16-wide slice of k to the next.
template <bool BY_K>
__device__ __forceinline__ constexpr uint32_t sliceBytes() { return BY_K ? 32 : 2048; }

// The lower half of the descriptor of an operand at `p` in shared memory, the same in all lanes. All operands of a kind have the same upper half.
template <bool BY_K>
__device__ __forceinline__ uint32_t descriptorOf(const unsigned char* p) { return kept(__shfl_sync(0xffffffffu, (uint32_t)operand<BY_K>(sharedAddress(p)), 0)); }
// What to add to the lower half for an operand that begins `bytes` bytes later.
__device__ __forceinline__ constexpr uint32_t further(int bytes) { return bytes >> 4; }
// The descriptor with this lower half.
template <bool BY_K>
__device__ __forceinline__ constexpr unsigned long long whole(uint32_t lower) { return (operand<BY_K>(0) & ~0xFFFFFFFFull) | lower; }

__device__ __forceinline__ void wgmmaFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wgmmaCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void wgmmaWait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory"); }
// Keeps the compiler from moving accesses to accumulators across the asynchronous products.
template <int N>
__device__ __forceinline__ void pin(float (&d)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) asm volatile("" : "+f"(d[i])::"memory");
}

// The registers of a thread's sums, as an asm statement lists them: their names in the text of the instruction, and the operands d[0], d[1], ...
#define WGMMA_NAMES_32 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define WGMMA_NAMES_64 WGMMA_NAMES_32 ", " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define WGMMA_NAMES_96 WGMMA_NAMES_64 ", " \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, " \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define WGMMA_NAMES_128 WGMMA_NAMES_96 ", " \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define WGMMA_SUMS_8(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define WGMMA_SUMS_32(d, i) WGMMA_SUMS_8(d, i), WGMMA_SUMS_8(d, i + 8), WGMMA_SUMS_8(d, i + 16), WGMMA_SUMS_8(d, i + 24)
#define WGMMA_SUMS_64(d) WGMMA_SUMS_32(d, 0), WGMMA_SUMS_32(d, 32)
#define WGMMA_SUMS_96(d) WGMMA_SUMS_64(d), WGMMA_SUMS_32(d, 64)
#define WGMMA_SUMS_128(d) WGMMA_SUMS_96(d), WGMMA_SUMS_32(d, 96)

// d (64, 128) or (64, 256) += a (64, 16) * b (16, n), in fp32, spread over a warpgroup: for each group j of 8 columns, thread t of warp w has elements
// (16 w + t / 4, 8 j + 2 (t % 4) + {0, 1}) in d[4 j + {0, 1}], and the elements 8 rows below in d[4 j + {2, 3}].
template <bool A_BY_K, bool B_BY_K>
__device__ __forceinline__ void wgmma(float (&d)[64], unsigned long long a, unsigned long long b) {
    asm volatile(
        "{\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" WGMMA_NAMES_64 "}, %64, %65, 1, 1, 1, %66, %67;\n"
        "}\n"
        : WGMMA_SUMS_64(d)
        : "l"(a), "l"(b), "n"(A_BY_K ? 0 : 1), "n"(B_BY_K ? 0 : 1));
}
template <bool A_BY_K, bool B_BY_K>
__device__ __forceinline__ void wgmma(float (&d)[128], unsigned long long a, unsigned long long b) {
    asm volatile(
        "{\n"
        "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {" WGMMA_NAMES_128 "}, %128, %129, 1, 1, 1, %130, %131;\n"
        "}\n"
        : WGMMA_SUMS_128(d)
        : "l"(a), "l"(b), "n"(A_BY_K ? 0 : 1), "n"(B_BY_K ? 0 : 1));
}

// d (64, 128) = or += a (64, 32) * b (32, 128), e4m3, both with rows along k, the sums in the same registers as above. A row of 128 bytes has 128 elements,
// where bf16 has 64. Hopper adds the terms of one instruction with fewer bits than fp32 has, see MatmulOps.
template <bool ADD>
__device__ __forceinline__ void wgmmaF8(float (&d)[64], unsigned long long a, unsigned long long b) {
    asm volatile(
        "{\n"
        "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {" WGMMA_NAMES_64 "}, %64, %65, %66, 1, 1;\n"
        "}\n"
        : WGMMA_SUMS_64(d)
        : "l"(a), "l"(b), "n"(ADD ? 1 : 0));
}
