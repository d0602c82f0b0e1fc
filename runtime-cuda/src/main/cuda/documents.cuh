// Where documents begin, for attention that stays within them. starts[b, s] is the first token of the document of token s: query s attends over the keys
// starts[b, s] to s. Starts never decrease. If `starts` is null, each sequence is one document.
// With S = 3 and starts [0, 0, 2], query 1 attends over the keys 0 and 1, and query 2 over key 2 alone.
#pragma once

// The first key of query s of sequence b. A start before 0 or after s traps.
template <typename Index> __device__ __forceinline__ Index firstKey(const int* starts, Index b, Index sequence, Index s) {
    if (starts == nullptr) return 0;
    const Index from = starts[(long long)b * sequence + s];
    if (from < 0 || from > s) __trap();
    return from;
}

// The same, and traps unless it is s (a document begins) or the first key of query s - 1 (the document continues).
template <typename Index> __device__ __forceinline__ Index checkedFirstKey(const int* starts, Index b, Index sequence, Index s) {
    const Index from = firstKey(starts, b, sequence, s);
    if (from != s && from != firstKey(starts, b, sequence, s - 1)) __trap();
    return from;
}
