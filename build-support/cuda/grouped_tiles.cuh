// How a grouped product is cut into tiles. All kernels of grouped products share this.
#pragma once
#include "row_end.cuh"

enum Product { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT };

// The tiles of all experts in one sequence, expert-major, columns fastest; block b of g blocks has tiles b, b + g, ... The tiles do not depend on timing, so
// sums have a fixed order. Forward and input gradient cut each expert's rows by BM; no tile holds rows of two experts. The weight gradient cuts each (O, I)
// matrix, also those of empty experts.
// Example: forward, BM 128, BN 256, offsets (300, 300, 310), O 512: tiles 0..5 are expert 0's (rows 0, 128, 256 by columns 0, 256), tiles 6 and 7 have the
// rows 300..309 of expert 2.
// Index: the type of numbers of rows and tiles; int saves registers where the caller has checked that it suffices. ALWAYS_OFFSETS false: `offsets` may be null,
// and then one expert has all rows.
template <int PRODUCT, int BM, int BN, typename Index = long long, bool ALWAYS_OFFSETS = true>
struct Tiles {
    const int blocks;
    const int* offsets;
    const int experts, rowTiles, columnTiles;  // rowTiles: for the weight gradient only
    const Index capacity;
    Index tile, end = 0;  // end: number of tiles of all experts up to this one
    int expert = -1;
    Index first = 0, last = 0;  // rows of the expert
    int tilesOfExpert = 0;

    __device__ __forceinline__ Tiles(const int* offsets, int experts, int m, int n, long long capacity) : Tiles(offsets, experts, m, n, capacity, blockIdx.x, gridDim.x) {}
    // For block number `block` of the `blocks` that share the tiles.
    __device__ __forceinline__ Tiles(const int* offsets, int experts, int m, int n, long long capacity, int block, int blocks)
        : blocks(blocks), offsets(offsets), experts(experts), rowTiles((m + BM - 1) / BM), columnTiles((n + BN - 1) / BN), capacity((Index)capacity), tile((Index)block - (Index)blocks) {}

    // Moves to this block's next tile; false when there is none.
    __device__ __forceinline__ bool next() {
        tile += blocks;
        while (tile >= end) {
            if (++expert >= experts) return false;
            first = last;
            last = !ALWAYS_OFFSETS && offsets == nullptr ? capacity : (Index)rowEnd(offsets, expert, capacity);
            if (last < first) last = first;
            tilesOfExpert = (PRODUCT == WEIGHT_GRADIENT ? rowTiles : (int)((last - first + BM - 1) / BM)) * columnTiles;
            end += tilesOfExpert;
        }
        return true;
    }
    __device__ __forceinline__ int index() const { return (int)(tile - (end - tilesOfExpert)); }
    // First row of the tile in C. For forward and input gradient, C starts at the expert's first row.
    __device__ __forceinline__ int row() const { return index() / columnTiles * BM; }
    __device__ __forceinline__ int column() const { return index() % columnTiles * BN; }
};
