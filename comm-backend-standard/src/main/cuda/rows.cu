// Moves rows between the order in which they are computed and the order in which they travel. All row addresses are 64-bit: buffers of more than 2^31 elements
// are ordinary. The Java twin is RowKernels.
#include "bf16.cuh"

static constexpr int VECTORS = 8;  // loads that a lane issues before it stores the first

// One row to move; `to` is null if the row goes nowhere.
struct Move {
    const char* from;
    char* to;
};

// Moves rows in units of U. Each row gets as many lanes as it has units (rounded up to a power of two), at most a warp: 32 for a token of 4096 bytes, 1 for a
// scalar.
template <typename U, typename Where>
__device__ __forceinline__ void moveUnits(long long rows, long long rowBytes, Where where) {
    long long units = rowBytes / (long long)sizeof(U);
    int lanes = 1;
    while (lanes < 32 && lanes < units) lanes *= 2;
    int lane = threadIdx.x & (lanes - 1), together = blockDim.x / lanes;
    for (long long r = blockIdx.x * (long long)together + threadIdx.x / lanes; r < rows; r += (long long)gridDim.x * together) {
        Move move = where(r);
        if (!move.to) continue;
        const U* from = reinterpret_cast<const U*>(move.from);
        U* to = reinterpret_cast<U*>(move.to);
        for (long long base = lane; base < units; base += lanes * VECTORS) {
            U v[VECTORS];
#pragma unroll
            for (int i = 0; i < VECTORS; i++)
                if (base + i * lanes < units) v[i] = from[base + i * lanes];
#pragma unroll
            for (int i = 0; i < VECTORS; i++)
                if (base + i * lanes < units) __stcs(to + base + i * lanes, v[i]);
        }
    }
}

// Moves rows in the widest units that rows of this size at these addresses allow.
template <typename Where>
__device__ __forceinline__ void moveRows(const void* in, const void* out, long long rows, long long rowBytes, Where where) {
    unsigned long long bits = (unsigned long long)in | (unsigned long long)out | (unsigned long long)rowBytes;
    if (bits % 16 == 0) {
        moveUnits<uint4>(rows, rowBytes, where);
    } else if (bits % 4 == 0) {
        moveUnits<unsigned>(rows, rowBytes, where);
    } else {
        moveUnits<unsigned short>(rows, rowBytes, where);
    }
}

// packed[places[n]] = source[n / sharers], a row of rowBytes, unless places[n] is -1. A row takes a warp or fewer lanes, whatever the grid. Traffic: 8 N bytes
// for places, N rowBytes read (sharers of a row are adjacent, so memory delivers only N / sharers rows), N rowBytes written. With T 16384, K 6, rows of 4096
// bytes: 67 + 403 MB, 110 us at 4274 GB/s. Example: sharers 2, places [1, -1, 0, 2], source [a, b]: packed [b, a, b].
extern "C" __global__ void __launch_bounds__(256) pack_rows(const char* source, const long long* places, long long n, int sharers, long long rowBytes,
                                                            char* packed) {
    moveRows(source, packed, n, rowBytes, [=](long long row) {
        long long place = places[row];
        return Move{source + row / sharers * rowBytes, place < 0 ? nullptr : packed + place * rowBytes};
    });
}

// Moves rows between the order of the wire (by source rank, then expert) and the order of the experts (by expert, then source rank). Row r in the experts'
// order lies in the last of the S segments with arrivals[s] <= r; on the wire it is row sources[s] + r - arrivals[s]. Empty segments begin where the next one
// begins. A row takes a warp or fewer lanes, whatever the grid. Traffic: R rowBytes read and R rowBytes written, the 16 S bytes of the segments from the cache.
// With the shapes above: 403 + 403 MB, 188 us. Example: in [a0 a1 b0 a2], arrivals [0, 2, 3, 4], sources [0, 3, 2, 4]: out [a0 a1 a2 b0]; with `back`, the
// reverse.
extern "C" __global__ void __launch_bounds__(256) regroup_rows(const char* in, char* out, const long long* arrivals, const long long* sources, int segments,
                                                               long long rows, long long rowBytes, int back) {
    moveRows(in, out, rows, rowBytes, [=](long long row) {
        int low = 0, high = segments - 1;
        while (low < high) {
            int middle = (low + high + 1) >> 1;
            if (arrivals[middle] <= row) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        long long wire = sources[low] + row - arrivals[low];
        return Move{in + (back ? row : wire) * rowBytes, out + (back ? wire : row) * rowBytes};
    });
}

// scalars[n] = returned[places[n]], or 0 where places[n] is -1. One thread per scalar. Traffic: 8 N + 4 N bytes read, 4 N written.
// Example: returned [5, 6], places [1, -1, 0]: scalars [6, 0, 5].
extern "C" __global__ void __launch_bounds__(256) unpack_scalars(const float* returned, const long long* places, long long n, float* scalars) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        long long place = places[i];
        scalars[i] = place < 0 ? 0.f : returned[place];
    }
}

// slots[n] = returned[places[n]], a row of rowBytes, unless places[n] is -1: the rows that came back in one of several rounds. A row takes a warp or fewer
// lanes, whatever the grid. Traffic: 8 N bytes for places, each row of the round read and written once.
// Example: places [1, -1, 0], returned [a, b]: slots [b, as before, a].
extern "C" __global__ void __launch_bounds__(256) unpack_rows(const char* returned, const long long* places, long long n, long long rowBytes, char* slots) {
    moveRows(returned, slots, n, rowBytes, [=](long long row) {
        long long place = places[row];
        return Move{returned + place * rowBytes, place < 0 ? nullptr : slots + row * rowBytes};
    });
}

// This many slots are loaded before the first is used.
static constexpr int IN_FLIGHT = 8;

// Computes V elements of one token's sum, from element c on; its slots begin at `first`. If `places` is null, the rows are in slot order. Dropped slots add
// zero, which does not change a sum that began with +0.
template <typename T, typename U>
__device__ __forceinline__ void sumUnit(const T* rows, const long long* places, long long first, int topK, long long dim, long long c, T* out) {
    constexpr int V = sizeof(U) / sizeof(T);
    float sum[V] = {};
    for (int k0 = 0; k0 < topK; k0 += IN_FLIGHT) {
        U raw[IN_FLIGHT];
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++) {
            long long place = k0 + j >= topK ? -1 : places ? places[first + k0 + j] : first + k0 + j;
            raw[j] = place >= 0 ? __ldcs(reinterpret_cast<const U*>(rows + place * dim + c)) : U{};
        }
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++)
#pragma unroll
            for (int i = 0; i < V; i++) sum[i] += load(reinterpret_cast<const T*>(raw + j) + i);
    }
    U all;
#pragma unroll
    for (int i = 0; i < V; i++) store(reinterpret_cast<T*>(&all) + i, sum[i]);
    __stcs(reinterpret_cast<U*>(out + c), all);
}

template <typename T>
__device__ __forceinline__ void sumRows(const T* rows, const long long* places, long long tokens, int topK, long long dim, T* out) {
    constexpr int V = 16 / sizeof(T);
    unsigned long long bits = (unsigned long long)rows | (unsigned long long)out | (unsigned long long)(dim * (long long)sizeof(T));
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        const long long own = t * topK;
        if (bits % 16 == 0) {
            for (long long c = threadIdx.x * V; c < dim; c += blockDim.x * V) sumUnit<T, uint4>(rows, places, own, topK, dim, c, out + t * dim);
        } else {
            for (long long c = threadIdx.x; c < dim; c += blockDim.x) sumUnit<T, T>(rows, places, own, topK, dim, c, out + t * dim);
        }
    }
}

// out[t] = the sum of rows[places[t, k]] over k, in slot order, in fp32, rounded once: the same bits as minimal_async_ep's combine. One block per token; each
// thread loads 16 bytes of each slot. Traffic: 8 N bytes for places, N D elements read, T D written: 403 + 67 MB with the shapes above, 110 us.
// Example: bf16 slots 1, 2^-8, 2^-8 give 1 + 2^-7; if each addition were rounded, they would give 1.
extern "C" __global__ void __launch_bounds__(256) sum_rows_f32(const float* rows, const long long* places, long long tokens, int topK, long long dim, float* out) {
    sumRows(rows, places, tokens, topK, dim, out);
}

extern "C" __global__ void __launch_bounds__(256) sum_rows_bf16(const bf16* rows, const long long* places, long long tokens, int topK, long long dim,
                                                                bf16* out) {
    sumRows(rows, places, tokens, topK, dim, out);
}
