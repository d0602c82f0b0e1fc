// Table look-up and its gradient.
#include "common.cuh"

// out[t] = table[ids[t]]. One block a token. Traffic: T D read, T D written. Example: table [[1,2],[3,4]], ids [1, 0]: [[3,4],[1,2]].
// An id outside [0, V) traps: the launch fails instead of reading elsewhere.
template <typename T> __device__ void lookUp(const int* ids, const T* table, T* out, long long tokens, int vocabulary, int dim) {
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        int id = ids[t];
        if (id < 0 || id >= vocabulary) __trap();
        for (int d = threadIdx.x; d < dim; d += blockDim.x) out[t * dim + d] = table[(long long)id * dim + d];
    }
}
#define LOOK_UP(name, T)                                                                                                                   \
    extern "C" __global__ void embedding_##name(const int* ids, const T* table, T* out, long long tokens, int vocabulary, int dim) {       \
        lookUp(ids, table, out, tokens, vocabulary, dim);                                                                                  \
    }
FOR_EACH_TYPE(LOOK_UP)

// next[t] = the following token with the same id, or -1; head[v] = the first one, or -1. One thread a token looks ahead: a linked list for each row of the
// table, in token order, without atomics. T^2 / 2 comparisons of cached ids at the most, few in practice.
// Example: ids [5, 7, 5]: next [2, -1, -1], head[5] = 0, head[7] = 1, others -1 (cleared before).
extern "C" __global__ void embedding_lists(const int* ids, int* head, int* next, long long tokens) {
    long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (t >= tokens) return;
    int id = ids[t];
    long long n = t + 1;
    while (n < tokens && ids[n] != id) n++;
    next[t] = n < tokens ? (int)n : -1;
    long long p = t - 1;
    while (p >= 0 && ids[p] != id) p--;
    if (p < 0) head[id] = (int)t;
}

// dtable[v] = (accumulate ? dtable[v] : 0) + sum of dout[t] along v's list. One block a row of the table; rows without tokens are set to 0 (or left).
// Traffic: T D read, V D written. Example: ids [5, 7, 5], dout [1, 2, 3]: dtable[5] = 4, dtable[7] = 2.
template <typename T> __device__ void scatterSum(const int* head, const int* next, const T* dout, float* dtable, int vocabulary, int dim, int accumulate) {
    for (int v = blockIdx.x; v < vocabulary; v += gridDim.x) {
        int first = head[v];
        if (first < 0 && accumulate) continue;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) {
            float sum = 0.f;
            for (int t = first; t >= 0; t = next[t]) sum += load(dout + (long long)t * dim + d);
            float* out = dtable + (long long)v * dim + d;
            *out = accumulate ? *out + sum : sum;
        }
    }
}
#define SCATTER(name, T)                                                                                                                          \
    extern "C" __global__ void embedding_backward_##name(const int* head, const int* next, const T* dout, float* dtable, int vocabulary, int dim, \
                                                         int accumulate) {                                                                        \
        scatterSum(head, next, dout, dtable, vocabulary, dim, accumulate);                                                                        \
    }
FOR_EACH_TYPE(SCATTER)
