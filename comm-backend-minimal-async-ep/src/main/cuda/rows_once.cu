// Sends a token's row once to each rank on another device that needs it, and copies it to its other places there. The Java twin is OnceKernels, which explains
// the chain of a row: an entry is next + 1 (0 at the end) in the place where the row arrives, and the bitwise complement of that in the places to copy it to.
#include "row_copy.cuh"
#include "window.cuh"

// One warp per token. Lane k holds slot k. Among the lanes whose slots go to the same far rank, the first sends the row, and each writes which place is next.
// Traffic with T 16384, K 6, E 64, rows of 4096 bytes, two ranks on two devices, even routing: 16,186 rows (66 MB) instead of 49,152 (201 MB) and 0.2 MB of
// the chain cross the link; 49,152 rows are written to this rank's own places. Example: places 5, 2, 9 of one far rank: the row goes to place 5, and the
// entries 3, ~10, ~0 to the places 5, 2, 9. Slots outside the window are ignored. Visibility: as in dispatch_rows.
template <int VECTORS>
__device__ __forceinline__ void dispatchOnce(const char* x, const float* weights, const long long* destinations, long long tokens, int topK, long long rowBytes,
                                             const int* far, char* const* peerRows, float* const* peerWeights, int* const* peerChain, const int* rounds,
                                             const int* round, long long capacity) {
    const Window window(rounds, round, capacity);
    if (window.empty()) return;
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        for (int k0 = 0; k0 < topK; k0 += COPY_PLACES) {
            int slots = min(COPY_PLACES, topK - k0);
            long long d = lane < slots ? destinations[t * topK + k0 + lane] : -1;
            const long long place = window.row(d);
            int rank = place >= 0 ? (int)(d >> RANK_SHIFT) : -1;
            // Lanes whose slot does not go to a far rank match no other lane: -1 - lane is different for each.
            unsigned same = __match_any_sync(0xffffffffu, rank >= 0 && far[rank] ? rank : -1 - lane);
            bool first = (same & ((1u << lane) - 1)) == 0;
            unsigned later = same & ~((2u << lane) - 1);
            int next = (int)__shfl_sync(0xffffffffu, place, later ? __ffs(later) - 1 : lane);
            if (place >= 0) {
                int entry = later ? next + 1 : 0;
                peerChain[rank][place] = first ? entry : ~entry;
                if (weights) peerWeights[rank][place] = weights[t * topK + k0 + lane];
            }
            unsigned long long to = place >= 0 && first ? (unsigned long long)(peerRows[rank] + place * rowBytes) : 0;
            if (__any_sync(0xffffffffu, to != 0)) copyRow<VECTORS>(x + t * rowBytes, rowBytes, to, slots, lane);
        }
    }
}
#define DISPATCH_ROWS_ONCE(name, threads, vectors)                                                                                                                \
    extern "C" __global__ void __launch_bounds__(threads) name(const char* x, const float* weights, const long long* destinations, long long tokens, int topK,   \
                                                               long long rowBytes, const int* far, char* const* peerRows, float* const* peerWeights,             \
                                                               int* const* peerChain, const int* rounds, const int* round, long long capacity) {                 \
        dispatchOnce<vectors>(x, weights, destinations, tokens, topK, rowBytes, far, peerRows, peerWeights, peerChain, rounds, round, capacity);                 \
    }
DISPATCH_ROWS_ONCE(dispatch_rows_once, 256, COPY_VECTORS)
// For exchanges beside products: see rows.cu.
DISPATCH_ROWS_ONCE(dispatch_rows_once_beside, 1024, COPY_VECTORS_BESIDE)

// Copies rows that have arrived to the places that their chains lead to. A warp reads eight entries at once, and then follows one chain after the other: lane j
// holds its j-th place. Traffic with the shapes above: the other rank's 49,152 rows have arrived as 16,186, of which 14,778 have further places: 61 MB read,
// 135 MB written, 0.4 MB of entries; 46 us at 4274 GB/s. Rows at or beyond *received are neither read nor written. Peers wrote the entries and rows, so loads
// bypass L1, which may hold older lines. Example: entry 3 in place 5, ~10 in place 2, ~0 in place 9: the row in place 5 is copied to the places 2 and 9.
extern "C" __global__ void __launch_bounds__(256) spread_rows(char* rows, const int* chain, const int* received, long long rowBytes) {
    constexpr int AT_ONCE = 8;
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    long long count = __ldcg(received), step = (long long)gridDim.x * warps * AT_ONCE;
    for (long long base = (blockIdx.x * (long long)warps + (threadIdx.x >> 5)) * AT_ONCE; base < count; base += step) {
        int entry = lane < AT_ONCE && base + lane < count ? __ldcg(chain + base + lane) : 0;
        for (unsigned heads = __ballot_sync(0xffffffffu, entry > 0); heads; heads &= heads - 1) {
            int head = __ffs(heads) - 1, places = 0;
            unsigned long long to = 0;
            for (int next = __shfl_sync(0xffffffffu, entry, head); next > 0; next = ~__ldcg(chain + next - 1), places++)
                if (lane == places) to = (unsigned long long)(rows + (next - 1ll) * rowBytes);
            copyRow(rows + (base + head) * rowBytes, rowBytes, to, places, lane);
        }
    }
}
