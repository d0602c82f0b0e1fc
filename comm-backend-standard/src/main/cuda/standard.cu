// The kernels of the baseline: a stable counting sort of the routed rows by expert, and moving rows between the order that they are computed in and the order that they
// travel in. Written to be read; minimal_async_ep has the fast ones. The Java twins are PlanKernels and RowKernels. All row addresses are 64-bit.
// The comments' example: E = 4, ids [0, 2, 1, 0].
#include <cuda_bf16.h>
#include <cstdint>

static constexpr int BLOCK_ROWS = 1024;  // StandardKernels.BLOCK_ROWS: routed rows that one block counts and places

// counts[b, e] = rows of expert e among the block's 1024. Shared: E ints. Traffic: 4 N read, 4 B E written. The example, in one block: [2, 1, 1, 0].
extern "C" __global__ void count_rows(const int* ids, long long n, int experts, int* counts) {
    extern __shared__ int shared[];
    long long first = (long long)blockIdx.x * BLOCK_ROWS;
    if (first >= n) return;
    for (int e = threadIdx.x; e < experts; e += blockDim.x) shared[e] = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < BLOCK_ROWS && first + i < n; i += blockDim.x) {
        int e = ids[first + i];
        if ((unsigned)e >= (unsigned)experts) __trap();
        atomicAdd(shared + e, 1);  // integers: the order does not matter
    }
    __syncthreads();
    for (int e = threadIdx.x; e < experts; e += blockDim.x) counts[(long long)blockIdx.x * experts + e] = shared[e];
}

// counts[b, e] becomes the number of rows of e in the blocks before b, and totals[e] their sum. One thread an expert. Traffic: 8 B E.
extern "C" __global__ void sum_counts(int* counts, int blocks, int experts, int* totals) {
    int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= experts) return;
    int before = 0;
    for (int b = 0; b < blocks; b++) {
        int count = counts[(long long)b * experts + e];
        counts[(long long)b * experts + e] = before;
        before += count;
    }
    totals[e] = before;
}

// places[n] = where the row goes among those to send, or -1 if it is dropped. One warp of the block takes its rows in order, 32 at a time; the lanes of one expert are
// told apart by their position, so that the sort is stable. Shared: E ints. Traffic: 4 N read, 8 N written. The example, with starts [0, 2, 3, 4]: [0, 3, 2, 1].
extern "C" __global__ void place_rows(const int* ids, long long n, int experts, const int* before, const long long* starts, const long long* kept, long long* places) {
    extern __shared__ int next[];
    long long first = (long long)blockIdx.x * BLOCK_ROWS;
    if (first >= n) return;
    for (int e = threadIdx.x; e < experts; e += blockDim.x) next[e] = before[(long long)blockIdx.x * experts + e];
    __syncthreads();
    int lane = threadIdx.x;
    if (lane >= 32) return;
    for (int i = lane; i < BLOCK_ROWS; i += 32) {
        long long row = first + i;
        int e = row < n ? ids[row] : -1;
        unsigned same = __match_any_sync(0xffffffffu, e);
        int earlier = __popc(same & ((1u << lane) - 1));
        if (e >= 0) {
            int index = next[e] + earlier;
            places[row] = index < kept[e] ? starts[e] + index : -1;
        }
        __syncwarp();
        if (e >= 0 && earlier == 0) next[e] += __popc(same);
        __syncwarp();
    }
}

// One row by the threads of a block, in pieces of 16 bytes where the row allows it, else of 2: rows are of fp32 or bf16.
__device__ void copyRow(const char* from, char* to, long long bytes) {
    if ((((uint64_t)from | (uint64_t)to | (uint64_t)bytes) & 15) == 0) {
        for (long long i = threadIdx.x; i < bytes / 16; i += blockDim.x) ((uint4*)to)[i] = ((const uint4*)from)[i];
    } else {
        for (long long i = threadIdx.x; i < bytes / 2; i += blockDim.x) ((unsigned short*)to)[i] = ((const unsigned short*)from)[i];
    }
}

// packed[places[r]] = source[r / sharers]. One block a routed row. Traffic: N rowBytes read and written.
extern "C" __global__ void pack_rows(const char* source, const long long* places, long long n, int sharers, long long rowBytes, char* packed) {
    for (long long r = blockIdx.x; r < n; r += gridDim.x)
        if (places[r] >= 0) copyRow(source + r / sharers * rowBytes, packed + places[r] * rowBytes, rowBytes);
}

// Between the order of the wire (by source rank, then expert) and that of the experts (by expert, then source rank). A segment is what one rank sends to one expert: it
// begins at arrivals[s], ascending, in the experts' order, and at sources[s] in the wire's. Empty segments begin where the next one does: the last of them holds the row.
// One block a row. Traffic: R rowBytes read and written. Example: arrivals [0, 2, 3, 4], sources [0, 3, 2, 4]: the wire's [a0 a1 b0 a2] is [a0 a1 a2 b0] to the experts.
extern "C" __global__ void regroup_rows(const char* in, char* out, const long long* arrivals, const long long* sources, int segments, long long rows, long long rowBytes,
                                        int back) {
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        int low = 0, high = segments - 1;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (arrivals[middle] <= row) low = middle;
            else high = middle - 1;
        }
        long long wire = sources[low] + row - arrivals[low];
        copyRow(in + (back ? row : wire) * rowBytes, out + (back ? wire : row) * rowBytes, rowBytes);
    }
}

// scalars[n] = what came back for routed row n, or 0 if it was dropped. Traffic: 12 N read, 4 N written.
extern "C" __global__ void unpack_scalars(const float* returned, const long long* places, long long n, float* scalars) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x)
        scalars[i] = places[i] >= 0 ? returned[places[i]] : 0.f;
}

__device__ __forceinline__ float load(const float* p) { return *p; }
__device__ __forceinline__ float load(const __nv_bfloat16* p) { return __bfloat162float(*p); }
__device__ __forceinline__ void store(float* p, float v) { *p = v; }
__device__ __forceinline__ void store(__nv_bfloat16* p, float v) { *p = __float2bfloat16_rn(v); }

// out[t] = sum over the token's slots, in their order, in fp32, rounded once. One block a token. Traffic: N D elements read, T D written.
template <typename T>
__device__ void sumRows(const T* rows, const long long* places, long long tokens, int topK, long long dim, T* out) {
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x)
        for (long long c = threadIdx.x; c < dim; c += blockDim.x) {
            float sum = 0.f;
            for (int k = 0; k < topK; k++) {
                long long place = places[t * topK + k];
                if (place >= 0) sum += load(rows + place * dim + c);
            }
            store(out + t * dim + c, sum);
        }
}
extern "C" __global__ void sum_rows_f32(const float* rows, const long long* places, long long tokens, int topK, long long dim, float* out) {
    sumRows(rows, places, tokens, topK, dim, out);
}
extern "C" __global__ void sum_rows_bf16(const __nv_bfloat16* rows, const long long* places, long long tokens, int topK, long long dim, __nv_bfloat16* out) {
    sumRows(rows, places, tokens, topK, dim, out);
}
