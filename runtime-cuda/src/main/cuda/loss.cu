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

// The label of a token without loss and gradient: its row becomes 0, whatever it holds.
static constexpr int IGNORED = -100;

// A 16-byte copy from global to shared memory, which runs on while the thread goes on.
__device__ __forceinline__ void copyAsync(void* shared, const void* global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"((unsigned)__cvta_generic_to_shared(shared)), "l"(global) : "memory");
    asm volatile("cp.async.commit_group;" ::: "memory");
}
// Waits until at most `later` of the thread's copies are not complete, the last ones that it began; it sees the others. From 7 on, until 7 are not.
__device__ __forceinline__ void awaitCopies(int later) {
    switch (later) {
    case 0: asm volatile("cp.async.wait_group 0;" ::: "memory"); break;
    case 1: asm volatile("cp.async.wait_group 1;" ::: "memory"); break;
    case 2: asm volatile("cp.async.wait_group 2;" ::: "memory"); break;
    case 3: asm volatile("cp.async.wait_group 3;" ::: "memory"); break;
    case 4: asm volatile("cp.async.wait_group 4;" ::: "memory"); break;
    case 5: asm volatile("cp.async.wait_group 5;" ::: "memory"); break;
    case 6: asm volatile("cp.async.wait_group 6;" ::: "memory"); break;
    default: asm volatile("cp.async.wait_group 7;" ::: "memory");
    }
}

// One block per token: rowLoss[t] = logsumexp(logits[t]) - logits[t, label]; logits[t] becomes scale (softmax(logits[t]) - onehot(label)).
// bf16 rows that fit into the block's shared memory (`cached`) are read from memory once; others are read twice. While a cached row's gradient is written, the
// block's next row is read into the same shared memory, piece by piece: a thread reads and overwrites only pieces of its own, so that this needs no
// barrier, and it begins with the first piece that has arrived. Example: 12800 pieces of 8 elements, 1024 threads: thread 0 has pieces 0, 1024, ..., 12288;
// when it uses piece 8192, the four that follow may be on their way.
// For each element, 17/8 powers of two are computed, 16 in a clock of a multiprocessor: 102400 elements take 13600 clocks, in which 410 KB can be moved.
// Accesses are 16 bytes wide where alignment allows it. Traffic: T V read (2 T V if not cached), T V written. Example: logits [0, 0], label 1, scale 1: loss
// 0.6931472, gradient [0.5, -0.5]; label -100: loss 0, gradient [0, 0].
template <typename T>
__device__ void crossEntropy(T* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride, int cached) {
    extern __shared__ __align__(16) unsigned char cacheBytes[];
    __shared__ float scratch[32];
    T* cache = reinterpret_cast<T*>(cacheBytes);
    bool vectors = (((uint64_t)logits | (uint64_t)(stride * sizeof(T))) & 15) == 0;
    int whole = vectors ? vocabulary / 8 : 0;
    int label = blockIdx.x < tokens ? labels[blockIdx.x] : IGNORED;
    if (cached && label != IGNORED)
        for (int i = threadIdx.x; i < whole; i += blockDim.x) copyAsync(cache + i * 8, logits + blockIdx.x * stride + i * 8);
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        T* row = logits + t * stride;
        const long long next = t + gridDim.x;
        const int nextLabel = next < tokens ? labels[next] : IGNORED;
        const T* nextRow = cached && nextLabel != IGNORED ? logits + next * stride : nullptr;  // the same for the whole block, like the label
        float v[8];
        if (label == IGNORED) {
            for (int i = threadIdx.x; i < whole; i += blockDim.x) {
                if (nextRow) copyAsync(cache + i * 8, nextRow + i * 8);
                float none[8] = {};
                storeEight(row + i * 8, none);
            }
            for (int i = whole * 8 + threadIdx.x; i < vocabulary; i += blockDim.x) store(row + i, 0.f);
            if (threadIdx.x == 0) rowLoss[t] = 0.f;
            label = nextLabel;
            continue;
        }
        if (label < 0 || label >= vocabulary) __trap();
        SoftMax own;
        if (cached) {
            int later = (whole - 1 - (int)threadIdx.x) / (int)blockDim.x;  // copies of this row after the first; those of the next row have not begun
            for (int i = threadIdx.x; i < whole; i += blockDim.x) {
                awaitCopies(later--);
                loadEight(cache + i * 8, v);
                own.add(v);
            }
        } else {
#pragma unroll 4
            for (int i = threadIdx.x; i < whole; i += blockDim.x) {
                loadEight(row + i * 8, v);
                own.add(v);
            }
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
            loadEight(cached ? cache + i * 8 : row + i * 8, v);
#pragma unroll
            for (int j = 0; j < 8; j++) v[j] = powerOfTwo(fmaf(v[j], LOG2E, -shift));
            if (i == label / 8) {
#pragma unroll
                for (int j = 0; j < 8; j++) v[j] -= j == label % 8 ? 1.f : 0.f;
            }
#pragma unroll
            for (int j = 0; j < 8; j++) v[j] *= scale;
            storeEight(row + i * 8, v);
            if (nextRow) copyAsync(cache + i * 8, nextRow + i * 8);  // after the store, which waits for what was loaded from there
        }
        for (int i = whole * 8 + threadIdx.x; i < vocabulary; i += blockDim.x) store(row + i, scale * (__expf(load(row + i) - lse) - (i == label ? 1.f : 0.f)));
        label = nextLabel;
    }
}
#define CROSS_ENTROPY(name, T)                                                                                                                            \
    extern "C" __global__ void __launch_bounds__(1024) cross_entropy_##name(T* logits, const int* labels, float scale, float* rowLoss, long long tokens,    \
                                                                            int vocabulary, long long stride, int cached) {                               \
        crossEntropy(logits, labels, scale, rowLoss, tokens, vocabulary, stride, cached);                                                                 \
    }
FOR_EACH_TYPE(CROSS_ENTROPY)

// loss[0] += scale * sum over t of rowLoss[t]; one block, fixed order. NaN is propagated. Traffic: 4 T bytes. Example: rows [1, 2, 3], scale 0.5, loss 10: 13.
extern "C" __global__ void add_losses(const float* rowLoss, long long tokens, float scale, float* loss) {
    __shared__ float scratch[32];
    float sum = 0.f;
    for (long long t = threadIdx.x; t < tokens; t += blockDim.x) sum += rowLoss[t];
    sum = blockSum(sum, scratch);
    if (threadIdx.x == 0) loss[0] += scale * sum;
}
