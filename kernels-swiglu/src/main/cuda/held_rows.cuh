// Results of a tile that a warp keeps in registers, rounded to bf16, and stores while the next tile is multiplied.
#pragma once
#include "grouped_results.cuh"

// A warp has 16 rows of 2 N columns in each of BLOCKS blocks of 64 rows. It stores them in pieces of 16 rows by 64 columns, one piece after it has enqueued a
// slice's products: these run on the tensor cores meanwhile. Without this, the tensor cores wait for 3 to 5% of a product's time.
// Example: BLOCKS 1, N 128 (a tile of 128 x 256): 4 pieces in 64 registers of a lane; with slice 2 of the next tile, columns 128 to 191 are stored.
template <int BLOCKS, int N>
struct HeldRows {
    static constexpr int PIECES_OF_BLOCK = N / 32, PIECES = BLOCKS * PIECES_OF_BLOCK;
    uint32_t pairs[PIECES][16];
    bf16* c;
    int rows = 0, columns = 0;  // of C, from c on; 0: nothing is held

    // Takes the sums d. `to`: the warp's first row and column in the first block.
    __device__ __forceinline__ void take(const float (&d)[BLOCKS][N], bf16* to, int rowsOfC, int columnsOfC) {
        c = to;
        rows = rowsOfC;
        columns = columnsOfC;
#pragma unroll
        for (int i = 0; i < PIECES; i++) {
            const float* of = d[i / PIECES_OF_BLOCK] + i % PIECES_OF_BLOCK * 32;
#pragma unroll
            for (int j = 0; j < 16; j++) pairs[i][j] = packed(of[2 * j], of[2 * j + 1]);
        }
    }
    // Stores the pieces `from` <= i < `to`; `to` may be larger than PIECES.
    __device__ __forceinline__ void store(int from, int to, unsigned char* staging, long long stride) const {
#pragma unroll
        for (int i = 0; i < PIECES; i++) {
            const int row = i / PIECES_OF_BLOCK * 64, column = i % PIECES_OF_BLOCK * 64;
            if (from <= i && i < to && row < rows && column < columns)
                storePieceBeside([&](int j) { return pairs[i][j]; }, staging, c + row * stride + column, stride, rows - row, columns - column);
        }
    }
};
