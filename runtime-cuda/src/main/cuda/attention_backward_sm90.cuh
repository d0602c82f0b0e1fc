// The gradient of attention on Hopper, bf16 with fp32 sums, added in the same order in every run; the readable version is attention.cu. With
// p = 2^(scale log2(e) q k^T - lse log2(e)), dp = do v^T and ds = p (dp - do . o): dv = p^T do, dk = scale ds^T q, dq = scale ds k.
//   attention_rows_sm90          lse log2(e), do . o and the beginning of its document for each query
//   attention_keys_sm90          dk and dv: each block of threads processes blocks of 128 keys, one at a time, and visits the queries that see them
//   attention_queries_sm90       dq from ds, which attention_keys_sm90 has written to the workspace: a product of matrices
//   attention_queries_anew_sm90  dq without a workspace: computes ds a second time
// Work, B 4, S 4096, H 16, Q 192, V 128: 687 GFLOP for dk and dv; 206 GFLOP for dq from ds, whose 1.1 GB are written once and read once, or 550 GFLOP if ds is
// computed again. Example: see attention.cu.
#pragma once
#include "attention_sm90.cuh"

namespace attention90 {
// Stored for each tile of 64 queries: lse log2(e), do . o, and the first key of each query. Queries after the end of the sequence have the largest int as
// their first key, and so see no key.
struct RowValues {
    float lse[TILE], delta[TILE];
    int from[TILE];
    int tile, head;   // number of the tile in its sequence; number of the query head, counted over all sequences
    int firstScores;  // number of its first tile of scores, counted over all heads; may overflow, since only differences within a round matter
    int unused;       // so that the size is a multiple of 16
};

static constexpr int SCORES_BYTES = BLOCK * TILE * 2;
// The number of a tile of 64 queries x 128 keys, among the tiles of one head that causal attention needs, in the order of the queries: those of query tile t
// begin at ceil(t / 2) (floor(t / 2) + 1). With 4 query tiles, the tiles 0 to 5 are (query tile, key block) = (0, 0), (1, 0), (2, 0), (2, 1), (3, 0), (3, 1).
__device__ __forceinline__ long long tileNumber(int queryTile, int keyBlock) {
    return (long long)((queryTile + 1) / 2) * (queryTile / 2 + 1) + keyBlock;
}

struct BackwardMaps {
    const TensorMap *q, *k, *v, *out;
};

struct QueriesResult {
    bf16* dq;
    long long batch, row, head;
};
}  // namespace attention90
