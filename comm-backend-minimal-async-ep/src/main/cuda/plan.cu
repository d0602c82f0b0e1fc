// From expert ids to destinations: a stable counting sort whose buckets are spread over the ranks. The Java twin is PlanKernels, which also has the
// example that the comments follow: EP = 2, e = 2, T = 2, K = 2; rank 0 has ids [[2, 0], [2, 3]], rank 1 has [[0, 2], [1, 0]].
#include <cstdint>

static constexpr int BLOCK_ROWS = 1024;  // EpKernels.BLOCK_ROWS: routed rows that one block counts and places
static constexpr int THREADS = 256;      // 8 warps, each with 128 consecutive rows of the block
static constexpr int WARPS = THREADS / 32;
static constexpr int WARP_ROWS = BLOCK_ROWS / WARPS;
static constexpr long long DROPPED = -1;
static constexpr int RANK_SHIFT = 40;

// counts[b, E] = rows of each expert among the block's 1024. Shared: E ints. Traffic: 4 N read, 4 B E written.
// Rank 0 of the example, in one block: [1, 0, 2, 1]. An id outside [0, E) traps.
extern "C" __global__ void __launch_bounds__(THREADS) count_rows(const int* ids, long long n, int experts, int* counts) {
    extern __shared__ int shared[];
    for (int e = threadIdx.x; e < experts; e += THREADS) shared[e] = 0;
    __syncthreads();
    long long first = (long long)blockIdx.x * BLOCK_ROWS;
    for (int i = threadIdx.x; i < BLOCK_ROWS && first + i < n; i += THREADS) {
        int e = ids[first + i];
        if ((unsigned)e >= (unsigned)experts) __trap();
        atomicAdd(shared + e, 1);  // integers: the order does not matter
    }
    __syncthreads();
    for (int e = threadIdx.x; e < experts; e += THREADS) counts[(long long)blockIdx.x * experts + e] = shared[e];
}

// counts[b, e] becomes the number of rows of e in the blocks before b; the total goes to row `rank` of every peer's (EP, E) table. One warp an expert, so that the
// loads of 32 blocks are in flight at once. Traffic: 8 B E, and 4 EP E to the peers.
extern "C" __global__ void publish_counts(int* counts, int blocks, int experts, int rank, int ranks, int* const* peers) {
    int e = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
    if (e >= experts) return;
    int before = 0;
    for (int b0 = 0; b0 < blocks; b0 += 32) {
        int b = b0 + lane, own = b < blocks ? counts[(long long)b * experts + e] : 0, sum = own;
#pragma unroll
        for (int o = 1; o < 32; o <<= 1) {
            int v = __shfl_up_sync(0xffffffffu, sum, o);
            if (lane >= o) sum += v;
        }
        if (b < blocks) counts[(long long)b * experts + e] = before + sum - own;
        before += __shfl_sync(0xffffffffu, sum, 31);
    }
    for (int p = lane; p < ranks; p += 32) peers[p][(long long)rank * experts + e] = before;
}

// Where this rank's first row for each expert lands, and what this rank receives. One block; thread d < EP walks the experts of rank d.
// Traffic: 4 EP E read, about 16 E written. On rank 1 of the example, counts [[1, 0, 2, 1], [2, 1, 1, 0]]: starts [1, 3, 2, 4], offsets [3, 4], tokens [3, 1, 3, 1].
extern "C" __global__ void place_segments(const int* counts, int ranks, int experts, int rank, long long capacity, long long* starts, int* offsets,
                                          int* tokens, long long* statistics) {
    int perRank = experts / ranks;
    for (int d = threadIdx.x; d < ranks; d += blockDim.x) {
        long long place = 0;
        for (int j = 0; j < perRank; j++) {
            int e = d * perRank + j, sum = 0;
            for (int s = 0; s < ranks; s++) {
                if (s == rank) starts[e] = place + sum;
                sum += counts[(long long)s * experts + e];
            }
            place += sum;
            tokens[e] = sum;
            if (d == rank) offsets[j] = (int)min(place, capacity);
        }
        if (d == rank) {
            statistics[0] = max(statistics[0], place);
            statistics[1] += max(0ll, place - capacity);
        }
    }
}

// destinations[n] = rank << 40 | row, or -1 at or beyond the capacity. Stable: within a block, warps hold consecutive rows, and within a warp the lanes of one
// expert are told apart by their position. Shared: 8 E ints. Traffic: 4 N read, 8 N written.
// On rank 1 of the example, ids [0, 2, 1, 0]: row 1 of rank 0, 2 of rank 1, 3 of rank 0, 2 of rank 0.
extern "C" __global__ void __launch_bounds__(THREADS) place_rows(const int* ids, long long n, int experts, int perRank, const int* before, const long long* starts,
                                                                 long long capacity, long long* destinations) {
    extern __shared__ int shared[];  // (WARPS, E): first the warp's counts, then where its next row of the expert goes within the segment
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    int* mine = shared + warp * experts;
    for (int e = lane; e < experts; e += 32) mine[e] = 0;
    __syncwarp();
    long long first = (long long)blockIdx.x * BLOCK_ROWS + warp * WARP_ROWS;
    int id[WARP_ROWS / 32], rank[WARP_ROWS / 32];
#pragma unroll
    for (int c = 0; c < WARP_ROWS / 32; c++) {
        long long r = first + c * 32 + lane;
        id[c] = r < n ? ids[r] : -1;
    }
#pragma unroll
    for (int c = 0; c < WARP_ROWS / 32; c++) {
        unsigned same = __match_any_sync(0xffffffffu, id[c]);
        int earlier = __popc(same & ((1u << lane) - 1));
        rank[c] = id[c] >= 0 ? mine[id[c]] + earlier : 0;
        __syncwarp();
        if (id[c] >= 0 && earlier == 0) mine[id[c]] += __popc(same);
        __syncwarp();
    }
    __syncthreads();
    for (int e = threadIdx.x; e < experts; e += THREADS) {
        int next = before[(long long)blockIdx.x * experts + e];
        for (int w = 0; w < WARPS; w++) {
            int count = shared[w * experts + e];
            shared[w * experts + e] = next;
            next += count;
        }
    }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < WARP_ROWS / 32; c++) {
        long long r = first + c * 32 + lane;
        if (r < n) {
            long long place = starts[id[c]] + mine[id[c]] + rank[c];
            destinations[r] = place < capacity ? (long long)(id[c] / perRank) << RANK_SHIFT | place : DROPPED;
        }
    }
}
