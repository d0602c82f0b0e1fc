// Cross-entropy and its gradient.
#include "common.cuh"

static constexpr float LOG2E = 1.4426950408889634f;

// 2^x in one instruction. Results below 2^-126 become 0, which changes neither a sum with a term of 1 nor a probability that is stored.
__device__ __forceinline__ float powerOfTwo(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// A running maximum, and the sum of exp(x - top) relative to it.
struct SoftMax {
    float top = -INFINITY, sum = 0.f;

    __device__ __forceinline__ void add(const float (&v)[8]) {
        float highest = top;
#pragma unroll
        for (int j = 0; j < 8; j++) highest = fmaxf(highest, v[j]);
        float total = 0.f, shift = highest == -INFINITY ? 0.f : highest * LOG2E;
#pragma unroll
        for (int j = 0; j < 8; j++) total += powerOfTwo(fmaf(v[j], LOG2E, -shift));
        sum = sum * powerOfTwo(fmaf(top, LOG2E, -shift)) + total;
        top = highest;
    }

    __device__ __forceinline__ void add(float x) {
        float highest = fmaxf(top, x), shift = highest == -INFINITY ? 0.f : highest;
        sum = sum * __expf(top - shift) + __expf(x - shift);
        top = highest;
    }
};

// The label of a token without loss: the gradient in its row is 0, even if a logit is NaN.
static constexpr int IGNORED = -100;

// The gradient with respect to eight logits: scale (2^(v LOG2E - shift) - onehot), where logit `at` is the label's if `at` is 0 to 7.
__device__ __forceinline__ void gradientOf(float (&v)[8], float shift, int at, float scale) {
#pragma unroll
    for (int j = 0; j < 8; j++) v[j] = powerOfTwo(fmaf(v[j], LOG2E, -shift));
    if (at >= 0 && at < 8) {
#pragma unroll
        for (int j = 0; j < 8; j++) v[j] -= j == at ? 1.f : 0.f;
    }
#pragma unroll
    for (int j = 0; j < 8; j++) v[j] *= scale;
}

// One block per token: rowLoss[t] = logsumexp(logits[t]) - logits[t, label]; logits[t] becomes scale (softmax(logits[t]) - onehot(label)).
// Accesses are 16 bytes wide where alignment allows it. Traffic: 2 T V elements read, T V written. Example: logits [0, 0], label 1, scale 1: loss 0.6931472,
// gradient [0.5, -0.5]; label -100: loss 0, gradient [0, 0].
template <typename T>
__device__ void crossEntropy(T* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride) {
    __shared__ float scratch[32];
    const bool vectors = (((uint64_t)logits | (uint64_t)(stride * sizeof(T))) & 15) == 0;
    const int whole = vectors ? vocabulary / 8 : 0;
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        T* row = logits + t * stride;
        const int label = labels[t];
        float v[8];
        if (label == IGNORED) {
            for (int i = threadIdx.x; i < whole; i += blockDim.x) {
                float none[8] = {};
                storeEight(row + i * 8, none);
            }
            for (int i = whole * 8 + threadIdx.x; i < vocabulary; i += blockDim.x) store(row + i, 0.f);
            if (threadIdx.x == 0) rowLoss[t] = 0.f;
            continue;
        }
        if (label < 0 || label >= vocabulary) __trap();
        SoftMax own;
#pragma unroll 4
        for (int i = threadIdx.x; i < whole; i += blockDim.x) {
            loadEight(row + i * 8, v);
            own.add(v);
        }
        for (int i = whole * 8 + threadIdx.x; i < vocabulary; i += blockDim.x) own.add(load(row + i));
        float target = load(row + label);
        float highest = blockMax(own.top, scratch);
        // A thread without elements has sum 0. A thread that saw only NaN has a nonzero sum, which must not be lost.
        float total = blockSum(own.sum == 0.f ? 0.f : own.sum * __expf(own.top - highest), scratch);
        float lse = highest + logf(total), shift = lse * LOG2E;
        if (threadIdx.x == 0) rowLoss[t] = lse - target;
        __syncthreads();  // all have read their target before the row is overwritten
#pragma unroll 2
        for (int i = threadIdx.x; i < whole; i += blockDim.x) {
            loadEight(row + i * 8, v);
            gradientOf(v, shift, label - i * 8, scale);
            storeEight(row + i * 8, v);
        }
        for (int i = whole * 8 + threadIdx.x; i < vocabulary; i += blockDim.x) store(row + i, scale * (__expf(load(row + i) - lse) - (i == label ? 1.f : 0.f)));
    }
}
#define CROSS_ENTROPY(name, T)                                                                                                                            \
    extern "C" __global__ void __launch_bounds__(1024) cross_entropy_##name(T* logits, const int* labels, float scale, float* rowLoss, long long tokens,    \
                                                                            int vocabulary, long long stride) {                                           \
        crossEntropy(logits, labels, scale, rowLoss, tokens, vocabulary, stride);                                                                         \
    }
FOR_EACH_TYPE(CROSS_ENTROPY)

// Starts a 16-byte copy from global to shared memory; the thread does not wait for it.
__device__ __forceinline__ void copyAsync(void* shared, const void* global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((unsigned)__cvta_generic_to_shared(shared)), "l"(global) : "memory");
}
// Waits until all copies of the thread are complete; it can then read what they wrote.
__device__ __forceinline__ void awaitCopies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// The blocks of threads that keep a row in shared memory: one block, or a cluster of two with half of the row each.
template <int BLOCKS> struct Keepers;
template <> struct Keepers<1> {
    static __device__ __forceinline__ int rank() { return 0; }
    // Writes `value`, which is the same in all lanes, to `to` in all blocks; after sync(), their threads can read it.
    static __device__ __forceinline__ void tell(float2* to, float2 value, int lane) {
        if (lane == 0) *to = value;
    }
    static __device__ __forceinline__ void sync() { __syncthreads(); }
    static __device__ __forceinline__ void start() {}
    static __device__ __forceinline__ void finish() {}
};
#if __CUDA_ARCH__ >= 900
template <> struct Keepers<2> {
    static __device__ __forceinline__ int rank() { return (int)blockIdx.x & 1; }
    static __device__ __forceinline__ void tell(float2* to, float2 value, int lane) {
        if (lane >= 2) return;
        unsigned remote;
        asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"((unsigned)__cvta_generic_to_shared(to)), "r"(lane));
        asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::"r"(remote), "f"(value.x), "f"(value.y) : "memory");
    }
    static __device__ __forceinline__ void sync() {
        asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
        asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
    }
    // Shared memory of the other block may be written only after that block has begun.
    static __device__ __forceinline__ void start() { sync(); }
    // The other block writes into this one's shared memory, so neither may end before the other has finished.
    static __device__ __forceinline__ void finish() { sync(); }
};
#endif

// The same for bf16 rows that consist of whole 16-byte pieces and fit into the shared memory of BLOCKS blocks: they are read from memory once. While a row's
// gradient is written, the next row is read into the same shared memory, piece by piece: a thread reads and overwrites only its own pieces, so this needs no
// barrier. There is one barrier per row, for the warps' maxima and sums. These have two buffers, used alternately: a buffer is written again only after the
// barrier of the next row, which threads reach only after they have read it.
// Example: 102400 elements are 12800 pieces; with one block of 1024 threads, thread 0 has pieces 0, 1024, ..., 12288. With two blocks, the second has
// pieces 6400 to 12799.
// For each element, 17/8 powers of two are computed; a multiprocessor computes 16 per clock: 102400 elements take 13,600 clocks. To read and write their 410 KB
// at 4274 / 132 GB/s takes longer: 12.7 us, more than 20,000 clocks. Traffic: T V elements read, T V written.
template <int BLOCKS>
__device__ void crossEntropyKept(bf16* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride) {
    typedef Keepers<BLOCKS> Keep;
    constexpr int THREADS = 1024, WARPS = THREADS / 32;
    extern __shared__ __align__(16) unsigned char keptBytes[];
    __shared__ float2 parts[2][BLOCKS * WARPS];  // (maximum, sum) of each warp
    bf16* kept = reinterpret_cast<bf16*>(keptBytes);
    const int whole = vocabulary / 8, share = (whole + BLOCKS - 1) / BLOCKS, from = Keep::rank() * share, count = min(share, whole - from);
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const long long step = gridDim.x / BLOCKS;
    int turn = 0, label = IGNORED;
    const long long first = blockIdx.x / BLOCKS;
    if (first < tokens) label = labels[first];
    if (label != IGNORED)
        for (int i = threadIdx.x; i < count; i += THREADS) copyAsync(kept + i * 8, logits + first * stride + (from + i) * 8);
    Keep::start();
    for (long long t = first; t < tokens; t += step) {
        bf16* row = logits + t * stride + from * 8;
        const long long next = t + step;
        const int nextLabel = next < tokens ? labels[next] : IGNORED;
        const bf16* nextRow = nextLabel != IGNORED ? logits + next * stride + from * 8 : nullptr;  // the same for all threads, like the label
        float v[8];
        if (label == IGNORED) {
            for (int i = threadIdx.x; i < count; i += THREADS) {
                if (nextRow) copyAsync(kept + i * 8, nextRow + i * 8);
                storeVector(row + i * 8, make_uint4(0, 0, 0, 0));
            }
            if (from == 0 && threadIdx.x == 0) rowLoss[t] = 0.f;
            label = nextLabel;
            continue;
        }
        if (label < 0 || label >= vocabulary) __trap();
        awaitCopies();
        SoftMax own;
        for (int i = threadIdx.x; i < count; i += THREADS) {
            loadEight(kept + i * 8, v);
            own.add(v);
        }
        // A thread without elements has sum 0. A thread that saw only NaN has a nonzero sum, which must not be lost.
        const float top = warpMax(own.top);
        const float sum = warpSum(own.sum == 0.f ? 0.f : own.sum * powerOfTwo((own.top - top) * LOG2E));
        Keep::tell(&parts[turn][Keep::rank() * WARPS + warp], make_float2(top, sum), lane);
        Keep::sync();
        float highest = -INFINITY, total = 0.f;
#pragma unroll
        for (int b = 0; b < BLOCKS; b++) highest = fmaxf(highest, parts[turn][b * WARPS + lane].x);
        highest = warpMax(highest);
#pragma unroll
        for (int b = 0; b < BLOCKS; b++) {
            const float2 part = parts[turn][b * WARPS + lane];
            total += part.y == 0.f ? 0.f : part.y * powerOfTwo((part.x - highest) * LOG2E);
        }
        const float lse = highest + logf(warpSum(total)), shift = lse * LOG2E;
        turn ^= 1;
#pragma unroll 2
        for (int i = threadIdx.x; i < count; i += THREADS) {
            loadEight(kept + i * 8, v);
            const int at = label - (from + i) * 8;
            if (at >= 0 && at < 8) rowLoss[t] = lse - load(kept + i * 8 + at);
            gradientOf(v, shift, at, scale);
            storeEight(row + i * 8, v);
            if (nextRow) copyAsync(kept + i * 8, nextRow + i * 8);  // after the store, which waits for the loads from this piece
        }
        label = nextLabel;
    }
    Keep::finish();
}
extern "C" __global__ void __launch_bounds__(1024) cross_entropy_kept_bf16(bf16* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary,
                                                                           long long stride) {
    crossEntropyKept<1>(logits, labels, scale, rowLoss, tokens, vocabulary, stride);
}
#if __CUDA_ARCH__ >= 900
extern "C" __global__ void __launch_bounds__(1024) __cluster_dims__(2, 1, 1)
    cross_entropy_halves_bf16_sm90(bf16* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride) {
    crossEntropyKept<2>(logits, labels, scale, rowLoss, tokens, vocabulary, stride);
}
#endif

// loss[0] += scale * sum over t of rowLoss[t]; one block, fixed order. NaN is propagated. Traffic: 4 T bytes. Example: rows [1, 2, 3], scale 0.5, loss 10: 13.
extern "C" __global__ void add_losses(const float* rowLoss, long long tokens, float scale, float* loss) {
    __shared__ float scratch[32];
    float sum = 0.f;
    for (long long t = threadIdx.x; t < tokens; t += blockDim.x) sum += rowLoss[t];
    sum = blockSum(sum, scratch);
    if (threadIdx.x == 0) loss[0] += scale * sum;
}
