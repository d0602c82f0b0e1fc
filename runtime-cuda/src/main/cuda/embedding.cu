// Table look-up and its gradient.
#include "common.cuh"

// out[t] = table[ids[t]]. One block a token, 16 bytes a thread where rows allow it. Traffic: T D read, T D written.
// Example: table [[1,2],[3,4]], ids [1, 0]: [[3,4],[1,2]]. An id outside [0, V) traps: the launch fails instead of reading elsewhere.
template <typename T> __device__ void lookUp(const int* ids, const T* table, T* out, long long tokens, int vocabulary, int dim) {
    bool vectors = dim % Vec<T>::N == 0 && (((uint64_t)table | (uint64_t)out) & 15) == 0;
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        int id = ids[t];
        if (id < 0 || id >= vocabulary) __trap();
        const T* row = table + (long long)id * dim;
        T* to = out + t * dim;
        if (vectors) {
            for (int d = threadIdx.x; d < dim / Vec<T>::N; d += blockDim.x) ((uint4*)to)[d] = ((const uint4*)row)[d];
        } else {
            for (int d = threadIdx.x; d < dim; d += blockDim.x) to[d] = row[d];
        }
    }
}
#define LOOK_UP(name, T)                                                                                                                   \
    extern "C" __global__ void embedding_##name(const int* ids, const T* table, T* out, long long tokens, int vocabulary, int dim) {       \
        lookUp(ids, table, out, tokens, vocabulary, dim);                                                                                  \
    }
FOR_EACH_TYPE(LOOK_UP)

// The gradient adds, for each word, the rows of its tokens in order. First the tokens of each word are counted and chained, in any order (head and counts are
// cleared before); words with few tokens then have their chain sorted by a warp, words with many are found again by a block that goes through all tokens.
static constexpr int FEW = 32;

// Example: ids [5, 7, 5]: counts[5] = 2, a chain 5 -> {0, 2} in either order.
extern "C" __global__ void embedding_chains(const int* ids, int* counts, int* head, int* next, long long tokens, int vocabulary) {
    for (long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x; t < tokens; t += (long long)gridDim.x * blockDim.x) {
        int id = ids[t];
        if (id < 0 || id >= vocabulary) __trap();
        int before = atomicAdd(counts + id, 1);
        if (before < FEW) next[t] = atomicExch(head + id, (int)t);  // a word that turns out to have many does not need its chain
    }
}

// dtable[v] = (accumulate ? dtable[v] : 0) + sum over v's tokens, in order, of dout[t], for words with at most FEW tokens. One warp a word; words without tokens
// are set to 0, or left. Traffic: T D read, V D written (or T D read and written). Example: ids [5, 7, 5], dout [1, 2, 3]: dtable[5] = 4, dtable[7] = 2.
template <typename T>
__device__ void fewTokens(const int* counts, const int* head, const int* next, const T* dout, float* dtable, int vocabulary, int dim, int accumulate) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    bool vectors = dim % 8 == 0 && (((uint64_t)dout | (uint64_t)dtable) & 15) == 0;
    for (int v = blockIdx.x * warps + (threadIdx.x >> 5); v < vocabulary; v += gridDim.x * warps) {
        int count = counts[v];
        if (count > FEW || (count == 0 && accumulate)) continue;
        int mine = 0x7fffffff;
        for (int i = 0, t = head[v]; i < count; i++, t = next[t])
            if (i == lane) mine = t;
        int rank = 0;
        for (int i = 0; i < count; i++) rank += __shfl_sync(0xffffffffu, mine, i) < mine;
        int sorted = 0;  // lane i gets the i-th token
        for (int i = 0; i < count; i++) {
            int t = __shfl_sync(0xffffffffu, mine, i), r = __shfl_sync(0xffffffffu, rank, i);
            if (r == lane) sorted = t;
        }
        float* out = dtable + (long long)v * dim;
        if (vectors) {
            for (int d0 = 0; d0 < dim; d0 += 256) {  // all lanes shuffle
                int d = d0 + lane * 8;
                float sum[8] = {}, x[8];
                for (int i = 0; i < count; i++) {
                    int t = __shfl_sync(0xffffffffu, sorted, i);
                    if (d < dim) {
                        loadEight(dout + (long long)t * dim + d, x);
#pragma unroll
                        for (int j = 0; j < 8; j++) sum[j] += x[j];
                    }
                }
                if (d < dim) {
                    if (accumulate) {
                        loadEight(out + d, x);
#pragma unroll
                        for (int j = 0; j < 8; j++) sum[j] += x[j];
                    }
                    storeEight(out + d, sum);
                }
            }
        } else {
            for (int d0 = 0; d0 < dim; d0 += 32) {
                int d = d0 + lane;
                float sum = 0.f;
                for (int i = 0; i < count; i++) {
                    int t = __shfl_sync(0xffffffffu, sorted, i);
                    if (d < dim) sum += load(dout + (long long)t * dim + d);
                }
                if (d < dim) out[d] = accumulate ? out[d] + sum : sum;
            }
        }
    }
}

// The same for words with more tokens. One block a word and 2048 columns (grid y): it goes through the ids, 256 at a time, and adds the rows of those that match,
// in order. The words of a block are those v = blockIdx.x mod gridDim.x.
template <typename T>
__device__ void manyTokens(const int* ids, const int* counts, const T* dout, float* dtable, long long tokens, int vocabulary, int dim, int accumulate) {
    __shared__ int matches[256];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    __shared__ int perWarp[8];
    bool vectors = dim % 8 == 0 && ((uint64_t)dout & 15) == 0;
    for (int v = blockIdx.x; v < vocabulary; v += gridDim.x) {
        if (counts[v] <= FEW) continue;
        float sum[8] = {};
        int d = blockIdx.y * 2048 + threadIdx.x * 8;
        for (long long from = 0; from < tokens; from += 256) {
            bool match = from + threadIdx.x < tokens && ids[from + threadIdx.x] == v;
            unsigned mask = __ballot_sync(0xffffffffu, match);
            if (lane == 0) perWarp[warp] = __popc(mask);
            int n = __syncthreads_count(match), at = __popc(mask & ((1u << lane) - 1));
            for (int w = 0; w < warp; w++) at += perWarp[w];
            if (match) matches[at] = (int)(from + threadIdx.x);
            __syncthreads();
#pragma unroll 4
            for (int i = 0; i < n; i++) {
                const T* row = dout + (long long)matches[i] * dim;
                if (vectors && d < dim) {
                    float x[8];
                    loadEight(row + d, x);
#pragma unroll
                    for (int j = 0; j < 8; j++) sum[j] += x[j];
                } else {
#pragma unroll
                    for (int j = 0; j < 8; j++)
                        if (d + j < dim) sum[j] += load(row + d + j);
                }
            }
            __syncthreads();
        }
        float* out = dtable + (long long)v * dim;
#pragma unroll
        for (int j = 0; j < 8; j++)
            if (d + j < dim) out[d + j] = accumulate ? out[d + j] + sum[j] : sum[j];
    }
}
#define SCATTER(name, T)                                                                                                                               \
    extern "C" __global__ void embedding_few_##name(const int* counts, const int* head, const int* next, const T* dout, float* dtable, int vocabulary, \
                                                    int dim, int accumulate) {                                                                        \
        fewTokens(counts, head, next, dout, dtable, vocabulary, dim, accumulate);                                                                     \
    }                                                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256) embedding_many_##name(const int* ids, const int* counts, const T* dout, float* dtable,          \
                                                                            long long tokens, int vocabulary, int dim, int accumulate) {              \
        manyTokens(ids, counts, dout, dtable, tokens, vocabulary, dim, accumulate);                                                                   \
    }
FOR_EACH_TYPE(SCATTER)
