// A stable counting sort of N routed rows by expert, in three steps: count the rows of each block of 1024 by expert; replace the counts by running sums over
// the blocks; give each row its index among the rows of its expert. The kernels that include this header decide what an index means: a place in a local buffer,
// or a row of a peer. B is the number of blocks. The Java twin is io.moe4j.api.comm.support.ExpertSort.
// The comments use this example: E = 4, ids [0, 2, 1, 0], as if each block had two rows.
#pragma once

static constexpr int BLOCK_ROWS = 1024;  // ExpertSort.BLOCK_ROWS: routed rows that one block counts and places
static constexpr int THREADS = 256;      // 8 warps, each with 128 consecutive rows of the block
static constexpr int WARPS = THREADS / 32;
static constexpr int WARP_ROWS = BLOCK_ROWS / WARPS;
static constexpr unsigned ALL = 0xffffffffu;

// counts[b, e] = number of rows of expert e among the 1024 rows of block b. Each block handles 1024 of the N rows. Shared: E ints.
// Traffic: 4 N bytes read, 4 B E written.
// Example: [[1, 0, 1, 0], [1, 1, 0, 0]]. An id outside [0, E) traps.
extern "C" __global__ void __launch_bounds__(THREADS) count_rows(const int* ids, long long n, int experts, int* counts) {
    extern __shared__ int shared[];
    for (int e = threadIdx.x; e < experts; e += THREADS) shared[e] = 0;
    __syncthreads();
    long long first = (long long)blockIdx.x * BLOCK_ROWS;
    for (int i = threadIdx.x; i < BLOCK_ROWS && first + i < n; i += THREADS) {
        int e = ids[first + i];
        if ((unsigned)e >= (unsigned)experts) __trap();
        atomicAdd(shared + e, 1);  // integers, so the order of additions does not matter
    }
    __syncthreads();
    for (int e = threadIdx.x; e < experts; e += THREADS) counts[(long long)blockIdx.x * experts + e] = shared[e];
}

// counts[b, e] becomes the number of rows of e in the blocks before b; every lane returns their number in all blocks. One warp per expert, so that the loads of
// 32 blocks are in flight at once. Traffic per expert: 4 B bytes read, 4 B written. Example: expert 0 has [1, 1], which becomes [0, 1]; the result is 2.
__device__ __forceinline__ int sumBlocks(int* counts, int blocks, int experts, int e) {
    int lane = threadIdx.x & 31, before = 0;
    for (int b0 = 0; b0 < blocks; b0 += 32) {
        int b = b0 + lane, own = b < blocks ? counts[(long long)b * experts + e] : 0, sum = own;
#pragma unroll
        for (int o = 1; o < 32; o <<= 1) {
            int v = __shfl_up_sync(ALL, sum, o);
            if (lane >= o) sum += v;
        }
        if (b < blocks) counts[(long long)b * experts + e] = before + sum - own;
        before += __shfl_sync(ALL, sum, 31);
    }
    return before;
}

// places[n] = place(e, index) for each row n of the block, where e is its expert and index the number of rows of that expert before it. `before` has the counts
// as sumBlocks leaves them. Stable: in a block, warps hold consecutive rows; in a warp, the position of a lane orders the rows of one expert. Shared: 8 E ints.
// Traffic: 4 N and 4 B E bytes read, 8 N written. Example: indexes [0, 0, 0, 1].
template <typename Place>
__device__ __forceinline__ void placeRows(const int* ids, long long n, int experts, const int* before, long long* places, Place place) {
    extern __shared__ int shared[];  // (WARPS, E): first each warp's counts, then the index of its next row of each expert
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
        unsigned same = __match_any_sync(ALL, id[c]);
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
        if (r < n) places[r] = place(id[c], (long long)(mine[id[c]] + rank[c]));
    }
}
