// Collectives over peer memory. Each rank pulls: it reads its peers' tensors, at addresses they have published, and writes only its own. Barriers
// around them are launched separately. 16-byte accesses where the caller says that everything is aligned (`vec`).
#include "common.cuh"

// Publishes the address of this rank's tensor to all peers: slot[self] of each peer's table. One thread a peer.
extern "C" __global__ void publish(uint64_t* const* peerSlots, int self, int size, const void* tensor) {
    if ((int)threadIdx.x < size) peerSlots[threadIdx.x][self] = (uint64_t)tensor;
}

// out[p * bytes + i] = peer p's in[i], skipping this rank's part if it is there already. Grid y is the peer. Traffic: size * bytes read and written.
// Example: 2 ranks with [1 2] and [3 4]: both get [1 2 3 4].
extern "C" __global__ void all_gather(const uint64_t* slots, unsigned char* out, long long bytes, int self, const unsigned char* own) {
    int p = blockIdx.y;
    const unsigned char* in = (const unsigned char*)slots[p];
    unsigned char* to = out + p * bytes;
    if (p == self && own == to) return;
    long long stride = (long long)gridDim.x * blockDim.x, first = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    bool aligned = (((uint64_t)in | (uint64_t)to) & 15) == 0;
    long long vectors = aligned ? bytes / 16 : 0;
    for (long long i = first; i < vectors; i += stride) ((uint4*)to)[i] = ((const uint4*)in)[i];
    for (long long i = vectors * 16 + first; i < bytes; i += stride) to[i] = in[i];
}

// out[i] = sum over p, in rank order, of peer p's in[offset + i]. fp32 sums, rounded once. `offset` in elements.
// Traffic: size * n read, n written. Example: ranks hold [1 2 3 4] and [10 20 30 40]: rank 1 of 2 gets [33 44].
template <typename I, typename O> __device__ void reduce(const uint64_t* slots, O* out, long long offset, long long n, int size) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        float sum = 0.f;
        for (int p = 0; p < size; p++) sum += load((const I*)slots[p] + offset + i);
        store(out + i, sum);
    }
}
#define REDUCE(name, I, O) \
    extern "C" __global__ void name(const uint64_t* slots, O* out, long long offset, long long n, int size) { reduce<I, O>(slots, out, offset, n, size); }
REDUCE(reduce_f32_f32, float, float)
REDUCE(reduce_f32_bf16, float, bf16)
REDUCE(reduce_bf16_f32, bf16, float)
REDUCE(reduce_bf16_bf16, bf16, bf16)

// The same for integers, exact.
template <typename T> __device__ void reduceIntegers(const uint64_t* slots, T* out, long long offset, long long n, int size) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        T sum = 0;
        for (int p = 0; p < size; p++) sum += ((const T*)slots[p])[offset + i];
        out[i] = sum;
    }
}
extern "C" __global__ void reduce_i32(const uint64_t* slots, int* out, long long offset, long long n, int size) { reduceIntegers(slots, out, offset, n, size); }
extern "C" __global__ void reduce_i64(const uint64_t* slots, long long* out, long long offset, long long n, int size) { reduceIntegers(slots, out, offset, n, size); }

// out = peer `root`'s tensor. Example: root 1 of [1], [2]: both get [2].
extern "C" __global__ void pull(const uint64_t* slots, int root, long long inOffset, unsigned char* out, long long bytes) {
    const unsigned char* in = (const unsigned char*)slots[root] + inOffset;
    if (in == out) return;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < bytes; i += (long long)gridDim.x * blockDim.x) out[i] = in[i];
}
