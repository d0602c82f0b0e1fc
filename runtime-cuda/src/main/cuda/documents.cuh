// Where documents begin, for attention that stays within them. `starts` (B, S), if it is given, has the place where each token's document begins: query s
// attends over the keys starts[s] to s. Starts never decrease. If it is null, each sequence is one document.
// With S = 3 and starts [0, 0, 2], query 1 attends over the keys 0 and 1, and query 2 over key 2 alone.
#pragma once

// The first key of query s of sequence b.
template <typename Index> __device__ __forceinline__ Index firstKey(const int* starts, Index b, Index sequence, Index s) {
    if (starts == nullptr) return 0;
    const Index from = starts[(long long)b * sequence + s];
    if (from < 0 || from > s) __trap();
    return from;
}

// The same, after a check that it is s or the first key of the query before.
template <typename Index> __device__ __forceinline__ Index checkedFirstKey(const int* starts, Index b, Index sequence, Index s) {
    const Index from = firstKey(starts, b, sequence, s);
    if (from != s && from != firstKey(starts, b, sequence, s - 1)) __trap();
    return from;
}
