// From expert ids to places among the rows that this rank sends: a stable counting sort. Its first kernel, count_rows, is in expert_sort.cuh. The Java twin is
// PlanKernels. The comments use its example: E = 4, ids [0, 2, 1, 0].
#include "expert_sort.cuh"

// counts[b, e] becomes the number of rows of e in the blocks before b; totals[e] becomes their number in all blocks. One warp per expert. Traffic: 4 B E bytes
// read, 4 B E + 4 E written. The example, if each block had two rows: [[1, 0, 1, 0], [1, 1, 0, 0]] becomes [[0, 0, 0, 0], [1, 0, 1, 0]], totals [2, 1, 1, 0].
extern "C" __global__ void __launch_bounds__(THREADS) sum_counts(int* counts, int blocks, int experts, int* totals) {
    int e = (blockIdx.x * blockDim.x + threadIdx.x) >> 5, lane = threadIdx.x & 31;
    if (e >= experts) return;
    int total = sumBlocks(counts, blocks, experts, e);
    if (lane == 0) totals[e] = total;
}

// places[n] = starts[e] + how many rows of n's expert e come before n, or -1 where that is kept[e] or more. Shared: 8 E ints. Traffic: 4 N bytes read, 8 N
// written, 4 B E read.
// The example, with starts [0, 2, 3, 4] and everything kept: [0, 3, 2, 1]; with kept [1, 1, 1, 0] and the same starts: [0, 3, 2, -1].
extern "C" __global__ void __launch_bounds__(THREADS) place_rows(const int* ids, long long n, int experts, const int* before, const long long* starts,
                                                                 const long long* kept, long long* places) {
    placeRows(ids, n, experts, before, places, [=](int e, long long index) {
        long long start = starts[e], end = kept[e];
        return index < end ? start + index : -1;
    });
}
