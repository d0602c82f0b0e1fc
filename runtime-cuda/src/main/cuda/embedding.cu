// Looks up rows of a table, and computes the gradient of the table.
#include "common.cuh"

// out[t] = table[ids[t]]. One block per token, 16 bytes per thread where alignment allows it. Traffic: T D elements read, T D written.
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

// A word is an entry of the vocabulary. The gradient of its row of the table is the sum of the rows of dout of its tokens. These are divided into at most RUNS
// runs of equal length: each run is summed in token order, then the runs in order. So up to RUNS tokens are simply added one after the other.
// dtable[v] = (accumulate ? dtable[v] : 0) + that sum; rows of words that do not occur are not written. Traffic: T D elements read; for each word that occurs,
// D elements of dtable written, and read if `accumulate`.
// Example: ids twice 7, then 33 times 5, with dout [10, 10, 1, 2, ..., 33]: dtable[7] = 20, dtable[5] = (1 + 2) + (3 + 4) + ... + 33 = 561, in 17 runs.
// For a word with at most FEW tokens, these form a chain (a linked list), in any order, which a block sorts. For a word with more, a block lists them in order.
static constexpr int RUNS = 32, FEW = RUNS, LISTING = 1024, AT_ONCE = 4;

// `rows` rows of the table are summed, from row `first` on; other words are left out. Below, words are numbered from `first`.

// The workspace, in ints.
struct TokensOfWords {
    int* frequent;  // 1: number of words with more than FEW tokens
    int* listed;    // 1: number of tokens in lists
    int* counts;    // rows: number of tokens of each word; all up to here is cleared before the kernels run
    int* head;      // rows: first token in the chain of each word
    int* next;      // T: next token in the chain of the same word
    int* list;      // T: the tokens of the frequent words, in order for each word
    int* words;     // T / FEW: the frequent words
    int* start;     // T / FEW: where their lists start

    __device__ __forceinline__ TokensOfWords(int* p, long long tokens, int rows)
        : frequent(p), listed(p + 1), counts(p + 2), head(counts + rows), next(head + rows), list(next + tokens), words(list + tokens), start(words + tokens / FEW) {}
};

// Counts the tokens of each word, and builds the chains. Example: ids [5, 7, 5]: counts[5] = 2; head[5] is 0 and next[0] is 2, or the other way round. An id
// outside [0, V) traps.
extern "C" __global__ void embedding_chains(const int* ids, int* workspace, long long tokens, int first, int rows, int vocabulary) {
    const TokensOfWords index(workspace, tokens, rows);
    const int lane = threadIdx.x & 31;
    for (long long from = blockIdx.x * (long long)blockDim.x; from < tokens; from += (long long)gridDim.x * blockDim.x) {
        const long long t = from + threadIdx.x;
        const int given = t < tokens ? ids[t] : 0;
        if (given < 0 || given >= vocabulary) __trap();
        const bool counted = t < tokens && given >= first && given < first + rows;
        const int id = counted ? given - first : -1;
        const unsigned same = __match_any_sync(0xffffffffu, id);  // one addition for all lanes with the same word
        const int leader = __ffs(same) - 1;
        int before = 0;
        if (counted && lane == leader) before = atomicAdd(index.counts + id, __popc(same));
        before = __shfl_sync(0xffffffffu, before, leader) + __popc(same & ((1u << lane) - 1));
        if (!counted) continue;
        if (before < FEW) index.next[t] = atomicExch(index.head + id, (int)t);  // if the word later turns out to have many tokens, its chain is not used
        if (before == FEW) index.words[atomicAdd(index.frequent, 1)] = id;
    }
}

// One block per token; the block whose token heads a word's chain sums that word.
template <typename T>
__device__ void fewTokens(const int* ids, int* workspace, const T* dout, float* dtable, long long tokens, int first, int rows, int dim, int accumulate) {
    const TokensOfWords index(workspace, tokens, rows);
    const int lane = threadIdx.x & 31;
    const bool vectors = dim % 8 == 0 && (((uint64_t)dout | (uint64_t)dtable) & 15) == 0;
    for (long long block = blockIdx.x; block < tokens; block += gridDim.x) {
        const int v = ids[block] - first;
        if (v < 0 || v >= rows) continue;
        const int count = index.counts[v];
        if (count > FEW || index.head[v] != block) continue;
        int mine = 0x7fffffff, sorted = (int)block;  // lane i gets the i-th token
        if (count > 1) {
            for (int i = 0, t = (int)block; i < count; i++) {
                if (i == lane) mine = t;
                if (i + 1 < count) t = index.next[t];
            }
            int rank = 0;
            for (int i = 0; i < count; i++) rank += __shfl_sync(0xffffffffu, mine, i) < mine;
            for (int i = 0; i < count; i++) {
                const int t = __shfl_sync(0xffffffffu, mine, i), r = __shfl_sync(0xffffffffu, rank, i);
                if (r == lane) sorted = t;
            }
        }
        float* out = dtable + (long long)v * dim;
        if (vectors) {
            for (int d0 = 0; d0 < dim; d0 += 8 * blockDim.x) {  // no early exit: all lanes take part in the shuffles
                const int d = d0 + threadIdx.x * 8;
                float held[8] = {}, sum[8] = {};
                if (accumulate && d < dim) loadEight(out + d, held);
#pragma unroll AT_ONCE
                for (int i = 0; i < count; i++) {
                    const int t = __shfl_sync(0xffffffffu, sorted, i);
                    float x[8] = {};
                    if (d < dim) loadEight(dout + (long long)t * dim + d, x);
#pragma unroll
                    for (int j = 0; j < 8; j++) sum[j] += x[j];
                }
#pragma unroll
                for (int j = 0; j < 8; j++) sum[j] += held[j];
                if (d < dim) storeEight(out + d, sum);
            }
        } else {
            for (int d0 = 0; d0 < dim; d0 += blockDim.x) {
                const int d = d0 + threadIdx.x;
                float sum = 0.f;
                for (int i = 0; i < count; i++) {
                    const int t = __shfl_sync(0xffffffffu, sorted, i);
                    if (d < dim) sum += load(dout + (long long)t * dim + d);
                }
                if (d < dim) out[d] = accumulate ? out[d] + sum : sum;
            }
        }
    }
}

// Lists the tokens of each frequent word, in order. One block per word goes through the ids; each warp handles 512 at a time.
extern "C" __global__ void __launch_bounds__(LISTING) embedding_lists(const int* ids, int* workspace, long long tokens, int first, int rows) {
    const TokensOfWords index(workspace, tokens, rows);
    __shared__ int place, found[LISTING / 32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, words = *index.frequent;
    for (int w = blockIdx.x; w < words; w += gridDim.x) {
        const int v = index.words[w];
        if (threadIdx.x == 0) index.start[w] = place = atomicAdd(index.listed, index.counts[v]);
        __syncthreads();
        int* list = index.list + place;
        for (long long from = 0; from < tokens; from += 16 * LISTING) {
            const long long mine = from + warp * 512 + lane;
            unsigned masks[16];
            int count = 0;
#pragma unroll
            for (int i = 0; i < 16; i++) {
                masks[i] = __ballot_sync(0xffffffffu, mine + 32 * i < tokens && ids[mine + 32 * i] == v + first);
                count += __popc(masks[i]);
            }
            if (lane == 0) found[warp] = count;
            __syncthreads();
            int at = 0, all = 0;
            for (int i = 0; i < LISTING / 32; i++) {
                if (i == warp) at = all;
                all += found[i];
            }
#pragma unroll
            for (int i = 0; i < 16; i++) {
                if (masks[i] >> lane & 1) list[at + __popc(masks[i] & ((1u << lane) - 1))] = (int)(mine + 32 * i);
                at += __popc(masks[i]);
            }
            list += all;
            __syncthreads();  // all counts are read before the next ones are written
        }
    }
}

// One block per frequent word and 64 columns; 8 lanes per run.
template <typename T>
__device__ void manyTokens(int* workspace, const T* dout, float* dtable, long long tokens, int rows, int dim, int accumulate) {
    const TokensOfWords index(workspace, tokens, rows);
    __shared__ float parts[RUNS][64];
    const int words = *index.frequent, slabs = (dim + 63) / 64, run = threadIdx.x / 8, column = threadIdx.x % 8 * 8;
    const bool vectors = dim % 8 == 0 && ((uint64_t)dout & 15) == 0;
    for (int item = blockIdx.x; item < words * slabs; item += gridDim.x) {
        const int w = item / slabs, v = index.words[w], count = index.counts[v], each = (count + RUNS - 1) / RUNS, d = item % slabs * 64;
        const int* list = index.list + index.start[w];
        const T* from = dout + d + column;
        float sum[8] = {};
        if (vectors) {
            const int end = d + column < dim ? min(count, (run + 1) * each) : 0;
            for (int i0 = run * each; i0 < end; i0 += AT_ONCE) {
                float x[AT_ONCE][8];
#pragma unroll
                for (int i = 0; i < AT_ONCE; i++)
                    if (i0 + i < end) loadEight(from + (long long)list[i0 + i] * dim, x[i]);
#pragma unroll
                for (int i = 0; i < AT_ONCE; i++) {
                    if (i0 + i < end) {
#pragma unroll
                        for (int j = 0; j < 8; j++) sum[j] += x[i][j];
                    }
                }
            }
        } else {
            for (int i = run * each; i < min(count, (run + 1) * each); i++) {
                const T* row = from + (long long)list[i] * dim;
#pragma unroll
                for (int j = 0; j < 8; j++)
                    if (d + column + j < dim) sum[j] += load(row + j);
            }
        }
        __syncthreads();  // the parts of the previous item have been added
        keepEight(&parts[run][column], sum);
        __syncthreads();
        if (threadIdx.x < 64 && d + threadIdx.x < dim) {
            float total = 0.f;
#pragma unroll
            for (int r = 0; r < RUNS; r++) total += parts[r][threadIdx.x];
            float* out = dtable + (long long)v * dim + d + threadIdx.x;
            *out = accumulate ? *out + total : total;
        }
    }
}
#define GRADIENT(name, T)                                                                                                                              \
    extern "C" __global__ void __launch_bounds__(256) embedding_few_##name(const int* ids, int* workspace, const T* dout, float* dtable,             \
                                                                           long long tokens, int first, int rows, int dim, int accumulate) {         \
        fewTokens(ids, workspace, dout, dtable, tokens, first, rows, dim, accumulate);                                                               \
    }                                                                                                                                                \
    extern "C" __global__ void __launch_bounds__(RUNS * 8) embedding_many_##name(int* workspace, const T* dout, float* dtable, long long tokens,     \
                                                                                 int rows, int dim, int accumulate) {                                \
        manyTokens(workspace, dout, dtable, tokens, rows, dim, accumulate);                                                                          \
    }
FOR_EACH_TYPE(GRADIENT)
