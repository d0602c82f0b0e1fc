// Computes the values of each query that the gradient of attention on Hopper needs, see attention_backward_sm90.cuh.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#include "attention_backward_sm90.cuh"
#include "common.cuh"

// Zeros `count` counters, and writes rows[b, h, tile]: the RowValues of each tile of 64 queries, with S rounded up to a multiple of 128. 16 lanes read a row of
// 128 elements. o and dout (B, S, H, 128). Traffic: B S H (2 * 256 + 4) bytes read, 12 B S H written. Example: o = [1, 0, ...], do = [3, 5, ...]: delta = 3.
extern "C" __global__ void attention_rows_sm90_128(const bf16* o, const bf16* dout, const float* lse, const int* starts, attention90::RowValues* rows, int batch,
                                                   int sequence, int heads, int* counters, int count) {
    using namespace attention90;
    const Problem p{starts, 0.f, batch, sequence, heads, 1};
    if (blockIdx.x == 0)
        for (int i = threadIdx.x; i < count; i += blockDim.x) counters[i] = 0;
    const int padded = p.blocks() * BLOCK, lane = threadIdx.x & 15;
    // Numbers of rows fit into 31 bits, see HopperAttentionMemory.mayUse(); 64-bit divisions would take longer than the loads.
    const unsigned total = (unsigned)batch * padded * heads, rowsOfBlock = blockDim.x / 16;
    for (unsigned i = blockIdx.x * rowsOfBlock + threadIdx.x / 16; i < total; i += gridDim.x * rowsOfBlock) {
        const unsigned row = i / heads;
        const int h = (int)(i - row * heads), b = (int)(row / padded), s = (int)(row - b * padded);
        const bool present = s < sequence;
        float x[8], y[8], sum = 0.f;
        if (present) {
            const long long at = (((long long)b * sequence + s) * heads + h) * 128 + lane * 8;
            loadEight(o + at, x);
            loadEight(dout + at, y);
#pragma unroll
            for (int e = 0; e < 8; e++) sum = fmaf(x[e], y[e], sum);
        }
        // A warp's halves may differ in whether they have a row left.
        const unsigned mask = 0xffffu << (threadIdx.x & 16);
#pragma unroll
        for (int d = 8; d > 0; d >>= 1) sum += __shfl_xor_sync(mask, sum, d);
        RowValues& to = rows[((long long)b * heads + h) * (padded / TILE) + s / TILE];
        if (lane == 0) {
            to.lse[s % TILE] = present ? lse[((long long)b * heads + h) * sequence + s] * LOG2E : 0.f;
            to.delta[s % TILE] = sum;
            to.from[s % TILE] = present ? p.checkedFirstKey(b, s) : 0x7fffffff;
            if (s % TILE == 0) {
                to.tile = s / TILE;
                to.head = b * heads + h;
                to.firstScores = (int)(to.head * tileNumber(padded / TILE, 0) + tileNumber(s / TILE, 0));
            }
        }
    }
}
#endif
