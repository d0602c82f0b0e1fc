// Collectives over peer memory. Each rank pulls: it reads its peers' tensors, through a table of pointers (one per rank), and writes only its own. Barriers
// around them are launched separately. Accesses are 16 bytes wide where everything is aligned, which the kernels check.
#include "common.cuh"

// Publishes an address to one peer: slot[self] of its table. One thread.
extern "C" __global__ void publish(uint64_t* const* peerSlots, int peer, int self, const void* tensor) { peerSlots[peer][self] = (uint64_t)tensor; }

// Increments a counter in host memory: one more call of a replayed graph is done. One thread.
extern "C" __global__ void count_done(volatile uint64_t* done) { *done = *done + 1; }

// Copies bytes, 16 at a time where both sides are aligned; `first` and `stride` are in threads.
__device__ __forceinline__ void copyBytes(const unsigned char* in, unsigned char* to, long long bytes, long long first, long long stride) {
    long long vectors = (((uint64_t)in | (uint64_t)to) & 15) == 0 ? bytes / 16 : 0;
    for (long long i = first; i < vectors; i += stride) ((uint4*)to)[i] = ((const uint4*)in)[i];
    for (long long i = vectors * 16 + first; i < bytes; i += stride) to[i] = in[i];
}

// out[p * pitch + i] = peer p's in[i], i < bytes, skipping this rank's part if it is already in place. Grid y is the peer.
// Traffic: size * bytes read and written. Example: 2 ranks with the bytes [1 2] and [3 4], pitch 2: both get [1 2 3 4].
extern "C" __global__ void all_gather(const uint64_t* slots, unsigned char* out, long long bytes, long long pitch) {
    const unsigned char* in = (const unsigned char*)slots[blockIdx.y];
    unsigned char* to = out + blockIdx.y * pitch;
    if (in != to) copyBytes(in, to, bytes, blockIdx.x * (long long)blockDim.x + threadIdx.x, (long long)gridDim.x * blockDim.x);
}

// out = `bytes` bytes of peer `from`, beginning at byte `offset`. Traffic: `bytes` read and written. Example: ranks hold [1] and [2], from 1: [2].
extern "C" __global__ void pull(const uint64_t* slots, int from, long long offset, unsigned char* out, long long bytes) {
    const unsigned char* in = (const unsigned char*)slots[from] + offset;
    if (in != out) copyBytes(in, out, bytes, blockIdx.x * (long long)blockDim.x + threadIdx.x, (long long)gridDim.x * blockDim.x);
}

// out[i] = sum over p, in rank order, of peer p's in[offset + i]. fp32 sums, rounded once. `offset` is in elements.
// Traffic: size * n elements read, n written. Example: ranks hold [1 2 3 4] and [10 20 30 40]: rank 1 of 2, with offset 2 and n 2, gets [33 44].
static constexpr int SUMS = 8;  // elements per thread and iteration: one or two 16-byte accesses

// `from(p)` is where peer p's elements begin; UNROLL peers are read at the same time.
template <int UNROLL, typename I, typename O, typename From>
__device__ __forceinline__ void sumInRankOrder(const From& from, O* out, long long n, int size) {
    uint64_t addresses = (uint64_t)out;
    for (int p = 0; p < size; p++) addresses |= (uint64_t)from(p);
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    long long groups = (addresses & 15) == 0 ? n / SUMS : 0;
    for (long long i = first; i < groups; i += stride) {
        float sum[SUMS] = {};
#pragma unroll UNROLL
        for (int p = 0; p < size; p++) {
            float v[SUMS];
            loadEight(from(p) + i * SUMS, v);
#pragma unroll
            for (int j = 0; j < SUMS; j++) sum[j] += v[j];
        }
        storeEight(out + i * SUMS, sum);
    }
    for (long long i = groups * SUMS + first; i < n; i += stride) {
        float sum = 0.f;
        for (int p = 0; p < size; p++) sum += load(from(p) + i);
        store(out + i, sum);
    }
}

template <typename I, typename O> __device__ void reduce(const uint64_t* slots, O* out, long long offset, long long n, int size) {
    sumInRankOrder<4, I>([=](int p) { return (const I*)slots[p] + offset; }, out, n, size);
}
#define REDUCE(name, I, O) \
    extern "C" __global__ void name(const uint64_t* slots, O* out, long long offset, long long n, int size) { reduce<I, O>(slots, out, offset, n, size); }
REDUCE(reduce_f32_f32, float, float)
REDUCE(reduce_f32_bf16, float, bf16)
REDUCE(reduce_bf16_f32, bf16, float)
REDUCE(reduce_bf16_bf16, bf16, bf16)

// The same sums of parts that the other ranks have sent: out[i] = sum over p, in rank order, of own[i] for p = self, and of received[slot * pitch + i] for the
// others; slots are in rank order without self. `out` may be `received`: each thread reads an element before it writes it. `pitch` is in elements.
// Traffic: size * n elements read, n written. Example: rank 1 of 2 has [3 4] and has received [30 40]: [33 44].
template <typename I, typename O>
__device__ void reduceReceived(const I* received, long long pitch, const I* own, O* out, long long n, int self, int size) {
    sumInRankOrder<2, I>([=](int p) { return p == self ? own : received + (p < self ? p : p - 1) * pitch; }, out, n, size);
}
#define REDUCE_RECEIVED(name, I, O)                                                                                                  \
    extern "C" __global__ void name(const I* received, long long pitch, const I* own, O* out, long long n, int self, int size) { \
        reduceReceived<I, O>(received, pitch, own, out, n, self, size);                                                              \
    }
REDUCE_RECEIVED(reduce_received_f32_f32, float, float)
REDUCE_RECEIVED(reduce_received_f32_bf16, float, bf16)
REDUCE_RECEIVED(reduce_received_bf16_f32, bf16, float)
REDUCE_RECEIVED(reduce_received_bf16_bf16, bf16, bf16)

// The same as `reduce` for integers; the sums are exact.
template <typename T> __device__ void reduceIntegers(const uint64_t* slots, T* out, long long offset, long long n, int size) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        T sum = 0;
        for (int p = 0; p < size; p++) sum += ((const T*)slots[p])[offset + i];
        out[i] = sum;
    }
}
extern "C" __global__ void reduce_i32(const uint64_t* slots, int* out, long long offset, long long n, int size) { reduceIntegers(slots, out, offset, n, size); }
extern "C" __global__ void reduce_i64(const uint64_t* slots, long long* out, long long offset, long long n, int size) { reduceIntegers(slots, out, offset, n, size); }
