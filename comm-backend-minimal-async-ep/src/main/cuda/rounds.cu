// Counts rounds, on the device. The Java twin is RoundKernels. The comments use its example: EP = 2, e = 2, capacity C = 4 rows, counts
// [[3, 0, 1, 0], [2, 4, 0, 0]]. Rank 0 receives 9 rows, so all ranks make 3 rounds. On rank 0, ends (running sums over all rounds) are [5, 9].

// Offsets of the round that begins at row `first`: ends[j] - first, limited to 0..capacity.
__device__ __forceinline__ void clip(const int* ends, int experts, long long first, long long capacity, int* offsets) {
    for (int j = threadIdx.x; j < experts; j += blockDim.x) offsets[j] = (int)min(max(ends[j] - first, 0ll), capacity);
}

// rounds = ceil(rows of the rank that receives most / C), at least 1; also the offsets of the first round. One block; warp w adds up the rows of ranks w,
// w + warps, ... counts (EP, E), ends and offsets (e). statistics: plans, plans with several rounds, most rounds. Traffic: 4 EP E + 4 e bytes read, from the
// cache because place_segments has just used them; 4 e written. The example: 3 rounds; on rank 0 offsets [4, 4].
extern "C" __global__ void plan_rounds(const int* counts, int ranks, int experts, long long capacity, const int* ends, int* rounds, int* offsets, long long* statistics) {
    __shared__ unsigned long long most;
    if (threadIdx.x == 0) most = 0;
    __syncthreads();
    const int perRank = experts / ranks, lane = threadIdx.x & 31;
    for (int d = threadIdx.x >> 5; d < ranks; d += blockDim.x >> 5) {
        long long rows = 0;
        for (int i = lane; i < ranks * perRank; i += 32) rows += counts[(long long)(i / perRank) * experts + d * perRank + i % perRank];
        for (int o = 16; o > 0; o >>= 1) rows += __shfl_xor_sync(0xffffffffu, rows, o);
        if (lane == 0) atomicMax(&most, (unsigned long long)rows);
    }
    __syncthreads();
    clip(ends, perRank, 0, capacity, offsets);
    if (threadIdx.x == 0) {
        const int needed = most == 0 ? 1 : (int)(((long long)most + capacity - 1) / capacity);
        *rounds = needed;
        statistics[0] += 1;
        statistics[1] += needed > 1;
        statistics[2] = max(statistics[2], (long long)needed);
    }
}

// Computes the offsets (e) of round *round, which are 0 once all rounds are made, and `before`: how many rows of the round's first expert earlier rounds had.
// One block. Traffic: 4 e bytes read, 4 e written. The example, on rank 0: round 1 has offsets [1, 4] and before 4, round 2 [0, 1] and 3, and any further
// round [0, 0] and 0.
extern "C" __global__ void open_round(const int* round, const int* ends, int experts, long long capacity, int* offsets, int* before) {
    const long long first = *round * capacity;
    if (threadIdx.x == 0) *before = 0;
    __syncthreads();
    clip(ends, experts, first, capacity, offsets);
    for (int j = threadIdx.x; j < experts; j += blockDim.x) {
        const long long start = j > 0 ? ends[j - 1] : 0;
        if (start < first && first < ends[j]) *before = (int)(first - start);  // true for at most one expert
    }
}
