// Shared by the attention kernels for Hopper. Queries and keys are divided into blocks of 128, so that a block of keys lies wholly before a block of queries,
// on the diagonal, or after it. Tiles are copied with tensor maps of (B, H, S, columns), in boxes of 64 columns; rows after the end of a sequence are zeros.
#pragma once
#include "attention_sm90_products.cuh"
#include "documents.cuh"

namespace attention90 {
static constexpr int THREADS = 384;  // a warpgroup that copies and two that multiply
static constexpr int BLOCK = 128;    // rows of a block of queries or keys
static constexpr int READERS = 8;    // warps that read what is copied to shared memory
static constexpr int TILE = 64;      // rows that a warpgroup multiplies at a time
static constexpr int STAGING = 16 * 128;

static constexpr float LOG2E = 1.44269504088896f;

struct Problem {
    const int* starts;  // (B, S), see documents.cuh; or null
    float scale;
    int batch, sequence, heads, perKey;

    __device__ __forceinline__ int firstKey(int b, int s) const { return ::firstKey(starts, b, sequence, s); }
    // Skipping blocks of keys is correct only if starts never decrease, so forward and backward check this for all queries.
    __device__ __forceinline__ int checkedFirstKey(int b, int s) const { return ::checkedFirstKey(starts, b, sequence, s); }
    __device__ __forceinline__ int blocks() const { return (sequence + BLOCK - 1) / BLOCK; }
};

// The order in which blocks of rows are processed: those with most work first, and only so many heads at a time that the data which their blocks share fits
// into L2.
// With 3 heads, 2 of them at a time, and 2 blocks: (block 0, head 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2).
struct Walk {
    static constexpr long long L2_BYTES = 24 << 20;
    int blocks, heads, together;

    Walk() = default;
    __device__ __forceinline__ Walk(int blocks, int heads, long long bytesOfHead) : blocks(blocks), heads(heads) {
        // At least two blocks of rows for each block of threads at a time, so that all end at about the same time.
        const int fair = (2 * gridDim.x + blocks - 1) / blocks;
        const int fit = min(heads, max(fair, (int)min((long long)heads, L2_BYTES / bytesOfHead))), rounds = (heads + fit - 1) / fit;
        together = (heads + rounds - 1) / rounds;
    }
    __device__ __forceinline__ int count() const { return blocks * heads; }
    __device__ __forceinline__ void find(int at, int& block, int& head) const {
        const int first = at / (blocks * together) * together, width = min(together, heads - first);
        const int rest = at - first * blocks;
        block = rest / width;
        head = first + rest % width;
    }
};

template <int STAGES>
struct Ring {
    int stage = 0;
    uint32_t phase = 0;
    __device__ __forceinline__ void next() {
        if (++stage == STAGES) {
            stage = 0;
            phase ^= 1;
        }
    }
};

// threadIdx.x, read anew at each call, so that it does not occupy a register between calls.
__device__ __forceinline__ int ownThread() {
    int thread;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
    return thread;
}

// Copies a tile of ROWS rows from row `row` of (batch, head), COLUMNS wide, in pieces of 64 columns.
template <int COLUMNS, int ROWS>
__device__ __forceinline__ void copyTile(unsigned char* to, const TensorMap* map, uint64_t* barrier, int row, int head, int batch) {
#pragma unroll
    for (int i = 0; i < COLUMNS / 64; i++) copyBox(to + i * ROWS * 128, map, barrier, i * 64, row, head, batch);
}

// Called by each of the 8 warps that multiply, when it has read the data that the barrier guards.
__device__ __forceinline__ void release(uint64_t* barrier) {
    if ((ownThread() & 31) == 0) barrierArrive(barrier);
}

// A work queue: each block of threads of a launch takes the next place of a walk when it is ready. `next` is a counter in memory, 0 before the launch. Which
// block of threads computes what does not affect results. One thread takes places, up to two before the other threads read them.
struct Places {
    int place[2];
    uint64_t full[2], empty[2];

    __device__ __forceinline__ void init(int readers) {
        initRing(full, empty, readers);
    }
    // Takes the place of turn 0, 1, 2, ..., and passes it to the readers. Runs on one thread.
    __device__ __forceinline__ int ask(int* next, int turn) {
        const int at = atomicAdd(next, 1);
        barrierWait(&empty[turn & 1], (turn >> 1 & 1) ^ 1);
        place[turn & 1] = at;
        barrierArrive(&full[turn & 1]);
        return at;
    }
    __device__ __forceinline__ int read(int turn) {
        barrierWait(&full[turn & 1], turn >> 1 & 1);
        const int at = *const_cast<volatile int*>(&place[turn & 1]);
        __syncwarp();
        release(&empty[turn & 1]);
        return at;
    }
};

template <typename Shared>
__device__ __forceinline__ Shared& aligned(unsigned char* raw) {
    return *reinterpret_cast<Shared*>(raw + (-sharedAddress(raw) & 1023));
}
}  // namespace attention90
