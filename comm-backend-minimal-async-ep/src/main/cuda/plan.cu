// Computes destinations from expert ids: a stable counting sort whose buckets are spread over the ranks. Its first kernel, count_rows, is in expert_sort.cuh.
// B is the number of blocks of 1024 routed rows. The Java twin is PlanKernels. The comments use its example: EP = 2, e = 2, T = 2,
// K = 2; rank 0 has ids [[2, 0], [2, 3]], rank 1 has [[0, 2], [1, 0]].
#include "expert_sort.cuh"
#include "window.cuh"

static constexpr long long DROPPED = -1;

// counts[b, e] becomes the number of rows of e in the blocks before b; the total is written to row `rank` of every peer's (EP, E) table. One warp per expert.
// Traffic: 4 B E bytes read, 4 B E written, and 4 EP E written to the tables. Rank 0 of the example, with one block: counts [1, 0, 2, 1] are written to row 0
// on both ranks, and become zeros here.
extern "C" __global__ void publish_counts(int* counts, int blocks, int experts, int rank, int ranks, int* const* peers) {
    int e = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
    if (e >= experts) return;
    int total = sumBlocks(counts, blocks, experts, e);
    for (int p = lane; p < ranks; p += 32) peers[p][(long long)rank * experts + e] = total;
}

// Computes where this rank's first row for each expert lands, and how many rows this rank receives. One block; thread d < EP handles the experts of rank d.
// counts (EP, E); starts, tokens (E); offsets (e). Traffic: 4 EP E bytes read, 12 E + 4 e written.
// On rank 1 of the example, counts [[1, 0, 2, 1], [2, 1, 1, 0]]: starts [1, 3, 2, 4], offsets [3, 4], tokens [3, 1, 3, 1].
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

// destinations[n] = rank << 40 | row, or -1 if the row is at or beyond the capacity. Shared: 8 E ints. Traffic: 4 N + 4 B E bytes read, 8 N written.
// On rank 1 of the example, ids [0, 2, 1, 0]: row 1 of rank 0, 2 of rank 1, 3 of rank 0, 2 of rank 0.
extern "C" __global__ void __launch_bounds__(THREADS) place_rows(const int* ids, long long n, int experts, int perRank, const int* before, const long long* starts,
                                                                 long long capacity, long long* destinations) {
    placeRows(ids, n, experts, before, destinations, [=](int e, long long index) {
        long long place = starts[e] + index;
        return place < capacity ? (long long)(e / perRank) << RANK_SHIFT | place : DROPPED;
    });
}
