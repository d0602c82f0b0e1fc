// Computes from expert ids the places among the rows that this rank sends: a stable counting sort. Its first kernel, count_rows, is in expert_sort.cuh. The
// Java twin is PlanKernels. The comments use its example: E = 4, ids [0, 2, 1, 0].
#include "expert_sort.cuh"

// counts[b, e] becomes the number of rows of e in the blocks before b; totals[e] becomes their number in all blocks. One warp per expert. Traffic: 4 B E bytes
// read, 4 B E + 4 E written. The example, if each block had two rows: [[1, 0, 1, 0], [1, 1, 0, 0]] becomes [[0, 0, 0, 0], [1, 0, 1, 0]], totals [2, 1, 1, 0].
extern "C" __global__ void __launch_bounds__(THREADS) sum_counts(int* counts, int blocks, int experts, int* totals) {
    int e = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
    if (e >= experts) return;
    int total = sumBlocks(counts, blocks, experts, e);
    if (lane == 0) totals[e] = total;
}

// places[n] = starts[e] + i, where i is how many rows of n's expert e come before n; -1 if i >= kept[e]. Shared: 8 E ints. Traffic: 4 N + 4 B E bytes read,
// 8 N written.
// The example, with starts [0, 2, 3, 4] and everything kept: [0, 3, 2, 1]; with kept [1, 1, 1, 0] and the same starts: [0, 3, 2, -1].
extern "C" __global__ void __launch_bounds__(THREADS) place_rows(const int* ids, long long n, int experts, const int* before, const long long* starts,
                                                                 const long long* kept, long long* places) {
    placeRows(ids, n, experts, before, places, [=](int e, long long index) {
        long long start = starts[e], end = kept[e];
        return index < end ? start + index : -1;
    });
}

// Converts places among the rows of all rounds to places among the rows of one round: selected[n] = start[r] + places[n] - first[r] for the rank r with
// first[r] <= places[n] < end[r], or -1 if there is none. The parts first[r] .. end[r] are in ascending order, and may be empty. One thread per row.
// Traffic: 8 N bytes read, 8 N written; the parts come from the cache.
// Example: places [0, 3, 2, 1], first [1, 2], end [2, 4], start [0, 1]: [-1, 2, 1, 0].
extern "C" __global__ void __launch_bounds__(THREADS) select_round(const long long* places, long long n, int ranks, const long long* first, const long long* end,
                                                                   const long long* start, long long* selected) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x) {
        const long long place = places[i];
        int low = 0, high = ranks;  // the first part that ends after the place
        while (low < high) {
            const int middle = (low + high) >> 1;
            if (end[middle] > place) high = middle;
            else low = middle + 1;
        }
        // Ends ascend, also those of empty parts: first[r] = end[r] lies between the rows for the ranks beside it.
        selected[i] = low < ranks && first[low] <= place ? start[low] + place - first[low] : -1;
    }
}
