// Moves rows to the experts, and back. All row addresses are 64-bit: buffers of more than 2^31 elements are ordinary. The Java twin is RowKernels.
//
// A kernel with _beside in its name does the same in blocks of 1024 threads, for exchanges that run at the same time as matrix products. Such a block fills a
// multiprocessor, so 32 blocks leave 100 of an H200's 132 multiprocessors to the product. In blocks of 256, the same threads would spread over 128
// multiprocessors, and blocks of the product, each of which needs a whole multiprocessor, would have to wait.
#include "bf16.cuh"
#include "row_copy.cuh"
#include "window.cuh"

// Copies each token's row, and its K scalars, to those of its destinations that are in the window. One warp per token: it reads the row once and writes it up
// to K times; a token with no row in the window is not read. Traffic: T rowBytes read, N rowBytes written (to peers); 8 N bytes of destinations and 4 N of
// scalars read, 4 N of scalars written. With T 16384, K 6, rows of 4096 bytes: 67 + 403 MB, 110 us at 4274 GB/s.
// Example: T 1, K 2, destinations (rank 0, row 3) and dropped: the token's row is written to row 3 of rank 0, and nothing else is written.
// Visibility: plain stores; the barrier that follows releases them at system scope, since peers may be other GPUs.
template <int VECTORS>
__device__ __forceinline__ void dispatchRows(const char* x, const float* weights, const long long* destinations, long long tokens, int topK, long long rowBytes,
                                             char* const* peerRows, float* const* peerWeights, const int* rounds, const int* round, long long capacity) {
    const Window window(rounds, round, capacity);
    if (window.empty()) return;
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        for (int k0 = 0; k0 < topK; k0 += COPY_PLACES) {
            int slots = min(COPY_PLACES, topK - k0);
            long long d = lane < slots ? destinations[t * topK + k0 + lane] : -1;
            const long long at = window.row(d);
            if (weights && at >= 0) peerWeights[d >> RANK_SHIFT][at] = weights[t * topK + k0 + lane];
            unsigned long long to = at >= 0 ? (unsigned long long)(peerRows[d >> RANK_SHIFT] + at * rowBytes) : 0;
            if (!__any_sync(0xffffffffu, to != 0)) continue;
            copyRow<VECTORS>(x + t * rowBytes, rowBytes, to, slots, lane);
        }
    }
}
#define DISPATCH_ROWS(name, threads, vectors)                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(threads) name(const char* x, const float* weights, const long long* destinations, long long tokens, int topK,    \
                                                               long long rowBytes, char* const* peerRows, float* const* peerWeights, const int* rounds,           \
                                                               const int* round, long long capacity) {                                                            \
        dispatchRows<vectors>(x, weights, destinations, tokens, topK, rowBytes, peerRows, peerWeights, rounds, round, capacity);                                  \
    }
DISPATCH_ROWS(dispatch_rows, 256, COPY_VECTORS)
DISPATCH_ROWS(dispatch_rows_beside, 1024, COPY_VECTORS_BESIDE)

__device__ __forceinline__ void add(float (&sum)[8], uint4 raw, bf16) {
    const __nv_bfloat162* p = reinterpret_cast<const __nv_bfloat162*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 f = __bfloat1622float2(p[i]);
        sum[2 * i] += f.x;
        sum[2 * i + 1] += f.y;
    }
}
__device__ __forceinline__ void add(float (&sum)[8], uint4 raw, float) {
    const float* p = reinterpret_cast<const float*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) sum[i] += p[i];
}
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], bf16) {
    uint4 raw;
    __nv_bfloat162* p = reinterpret_cast<__nv_bfloat162*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) p[i] = __floats2bfloat162_rn(sum[2 * i], sum[2 * i + 1]);
    return raw;
}
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], float) { return make_uint4(__float_as_uint(sum[0]), __float_as_uint(sum[1]), __float_as_uint(sum[2]), __float_as_uint(sum[3])); }

// Up to this many slots are loaded before the first is used.
static constexpr int IN_FLIGHT = 8;

// Where the row of a slot is read from if there is one round: from the rank that computed it. Null if the row was dropped.
template <typename T>
struct OneRound {
    long long dim;
    T* const* peers;
    __device__ __forceinline__ const T* operator()(long long d, int) const { return d >= 0 ? peers[d >> RANK_SHIFT] + (d & ROW_MASK) * dim : nullptr; }
};

// The same in the last of several rounds. A row in the window is read from the rank that computed it, a row of an earlier round from `waiting`, where that
// round has stored it. Null if the row was dropped. `waiting` is the row of the token's slot 0; null if there is one round.
template <typename T>
struct LastRound {
    const Window& window;
    long long dim;
    T* const* peers;
    const T* waiting;
    __device__ __forceinline__ const T* operator()(long long d, int k) const {
        const long long at = window.row(d);
        return at >= 0 ? peers[d >> RANK_SHIFT] + at * dim : d >= 0 && waiting ? waiting + k * dim : nullptr;
    }
};

// Sums the K rows of one token. `threads` threads share the work; the caller is number `thread` of them.
template <typename T, typename Source>
__device__ __forceinline__ void combineRow(const Source& source, const long long* d, int topK, long long dim, T* out, unsigned thread, unsigned threads) {
    constexpr int V = 16 / sizeof(T);
    if (dim % V != 0) {
        for (long long c = thread; c < dim; c += threads) {
            float sum = 0.f;
            for (int k = 0; k < topK; k++) {
                const T* row = source(d[k], k);
                if (row) sum += load(row + c);
            }
            store(out + c, sum);
        }
        return;
    }
    if (topK <= IN_FLIGHT) {
        const T* rows[IN_FLIGHT];
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++) rows[j] = source(j < topK ? d[j] : -1, j);
        for (long long c = thread * V; c < dim; c += threads * V) {
            float sum[8] = {};
            uint4 raw[IN_FLIGHT];
            // Loads bypass L1, which may hold lines from before the peers wrote the rows. Adding zero for dropped slots changes nothing.
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) raw[j] = rows[j] ? __ldcg(reinterpret_cast<const uint4*>(rows[j] + c)) : make_uint4(0, 0, 0, 0);
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) add(sum, raw[j], T());
            __stcs(reinterpret_cast<uint4*>(out + c), rounded(sum, T()));
        }
        return;
    }
    for (long long c = thread * V; c < dim; c += threads * V) {
        float sum[8] = {};
        for (int k0 = 0; k0 < topK; k0 += IN_FLIGHT) {
            uint4 raw[IN_FLIGHT];
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) {
                const T* row = source(k0 + j < topK ? d[k0 + j] : -1, k0 + j);
                raw[j] = row ? __ldcg(reinterpret_cast<const uint4*>(row + c)) : make_uint4(0, 0, 0, 0);
            }
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) add(sum, raw[j], T());
        }
        storeVector(out + c, rounded(sum, T()));
    }
}

// Stores those of the token's rows that are in the window in `waiting`, for the last round. One slot after the other: few steps have several rounds.
template <typename T>
__device__ __forceinline__ void fetchRow(const Window& window, const long long* d, int topK, long long dim, T* const* peers, T* waiting) {
    constexpr int V = 16 / sizeof(T);
    for (int k = 0; k < topK; k++) {
        const long long at = window.row(d[k]);
        if (at < 0) continue;
        const T* row = peers[d[k] >> RANK_SHIFT] + at * dim;
        T* to = waiting + k * dim;
        if (dim % V != 0) {
            for (long long c = threadIdx.x; c < dim; c += blockDim.x) to[c] = row[c];
        } else {
            for (long long c = threadIdx.x * V; c < dim; c += blockDim.x * V)
                *reinterpret_cast<uint4*>(to + c) = __ldcg(reinterpret_cast<const uint4*>(row + c));
        }
    }
}

// out[t] = sum over k, in slot order, of the peers' rows, in fp32, rounded once; scalars are fetched too. One block per token; each thread loads 16 bytes of
// each slot. Traffic: 8 N bytes of destinations and N D elements read (from peers), T D written: 403 + 67 MB with the shapes above, 110 us.
// Example: bf16 slots 1, 2^-8, 2^-8 give 1 + 2^-7.
// For plans with one round, which have no window and no `waiting`. Without these, a thread takes 40 registers instead of 58, and six blocks instead of four
// fit into a multiprocessor; the loads of four are too few to keep the memory busy (133 us).
#define COMBINE_WHOLE(name, T, blockThreads, first, step, thread, threads)                                                                            \
    extern "C" __global__ void __launch_bounds__(blockThreads) combine_whole_##name(const long long* destinations, long long tokens, int topK,        \
                                                                                    long long dim, T* const* peerRows, float* const* peerScalars,     \
                                                                                    T* out, float* scalars, const int*, const int*, long long, T*) {  \
        for (long long t = first; t < tokens; t += step) {                                                                                            \
            const long long* d = destinations + t * topK;                                                                                             \
            combineRow<T>(OneRound<T>{dim, peerRows}, d, topK, dim, out + t * dim, thread, threads);                                                  \
            if (scalars && (int)(thread) < topK) {                                                                                                    \
                const long long to = d[thread];                                                                                                       \
                scalars[t * topK + (thread)] = to >= 0 ? __ldcg(peerScalars[to >> RANK_SHIFT] + (to & ROW_MASK)) : 0.f;                               \
            }                                                                                                                                         \
        }                                                                                                                                             \
    }
COMBINE_WHOLE(f32, float, 256, blockIdx.x, gridDim.x, threadIdx.x, blockDim.x)
COMBINE_WHOLE(bf16, bf16, 256, blockIdx.x, gridDim.x, threadIdx.x, blockDim.x)
COMBINE_WHOLE(f32_beside, float, 1024, blockIdx.x * 4 + threadIdx.x / 256, gridDim.x * 4, threadIdx.x % 256, 256)
COMBINE_WHOLE(bf16_beside, bf16, 1024, blockIdx.x * 4 + threadIdx.x / 256, gridDim.x * 4, threadIdx.x % 256, 256)

// The same with several rounds: each but the last copies the rows in its window to waiting[t, k], and the last one sums, in the same order. Each round fetches
// the scalars of its window. Traffic: as above; a row of an earlier round is also written to `waiting` and read from there.
// spills: combine_f32 a few registers, so that six blocks instead of four fit into a multiprocessor: 114 us instead of 133
// spills: combine_bf16 as above
#define COMBINE(name, T)                                                                                                                              \
    extern "C" __global__ void __launch_bounds__(256, 6) combine_##name(const long long* destinations, long long tokens, int topK, long long dim,     \
                                                                        T* const* peerRows, float* const* peerScalars, T* out, float* scalars,        \
                                                                        const int* rounds, const int* round, long long capacity, T* waiting) {        \
        const Window window(rounds, round, capacity);                                                                                                 \
        if (window.empty()) return;                                                                                                                   \
        for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {                                                                                  \
            const long long* d = destinations + t * topK;                                                                                             \
            T* own = waiting ? waiting + t * topK * dim : nullptr;                                                                                    \
            if (window.last()) combineRow<T>(LastRound<T>{window, dim, peerRows, own}, d, topK, dim, out + t * dim, threadIdx.x, blockDim.x);         \
            else fetchRow<T>(window, d, topK, dim, peerRows, own);                                                                                    \
            if (scalars && (int)threadIdx.x < topK) {                                                                                                 \
                const long long to = d[threadIdx.x], at = window.row(to);                                                                             \
                if (at >= 0) scalars[t * topK + threadIdx.x] = __ldcg(peerScalars[to >> RANK_SHIFT] + at);                                            \
                else if (to < 0) scalars[t * topK + threadIdx.x] = 0.f;                                                                               \
            }                                                                                                                                         \
        }                                                                                                                                             \
    }
COMBINE(f32, float)
COMBINE(bf16, bf16)
