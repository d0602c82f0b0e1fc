// A barrier between ranks, through flags in each other's memory.
#include <cstdint>

__device__ __forceinline__ void storeReleaseSystem(uint64_t* p, uint64_t v) {
    asm volatile("st.release.sys.global.u64 [%0], %1;" ::"l"(p), "l"(v) : "memory");
}

__device__ __forceinline__ uint64_t loadAcquireSystem(const uint64_t* p) {
    uint64_t v;
    asm volatile("ld.acquire.sys.global.u64 %0, [%1];" : "=l"(v) : "l"(p) : "memory");
    return v;
}

__device__ __forceinline__ uint64_t nanoseconds() {
    uint64_t t;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t));
    return t;
}

// One block of at least `size` threads. Thread p signals rank p and waits for rank p.
//   peerFlags  (size) pointers to each rank's (size) u64 flags
//   ownFlags   (size) u64: flag p is the last epoch that rank p has reached
//   epoch      (1) u64 of this rank: how many barriers it has begun. In memory, not an argument, so that a replayed graph continues the count
//   mailbox    host memory: [0] stop, [1] waiting rank, [2] phase, [3] missing position, [4] expected, [5] seen
// System scope, because peers may be other GPUs. The fence orders all earlier writes of this rank's stream before the signal (earlier kernels have completed,
// and this thread sees what they wrote). The acquire orders later kernels after the peers' writes.
// Traffic: 8 bytes to each peer. Example: 4 ranks, third barrier: each rank writes 3 to flag `rank` of the 4 ranks, and waits until its own
// 4 flags are all at least 3.
extern "C" __global__ void moe4j_barrier(uint64_t* const* peerFlags, const uint64_t* ownFlags, uint64_t* epoch, int self, int size, int rank, int phase,
                                         long long timeoutNanos, volatile uint64_t* mailbox) {
    __shared__ uint64_t target;
    if (threadIdx.x == 0) target = ++*epoch;
    __syncthreads();
    int p = threadIdx.x;
    if (p < size) {
        __threadfence_system();
        storeReleaseSystem(peerFlags[p] + self, target);
        uint64_t start = nanoseconds();
        for (uint64_t seen; (seen = loadAcquireSystem(ownFlags + p)) < target;) {
            if (mailbox[0] != 0) break;
            if (nanoseconds() - start > (uint64_t)timeoutNanos) {
                mailbox[1] = rank;
                mailbox[2] = phase;
                mailbox[3] = p;
                mailbox[4] = target;
                mailbox[5] = seen;
                __threadfence_system();
                mailbox[0] = 1;
                break;
            }
        }
    }
}
