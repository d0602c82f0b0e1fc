// Where the rows of an expert end.
#pragma once

// The running sum of expert j, limited to 0..capacity so that an overflowing plan cannot lead outside the buffer; 0 for j = -1.
__device__ __forceinline__ long long rowEnd(const int* offsets, int j, long long capacity) {
    if (j < 0) return 0;
    long long end = offsets[j];
    return end < 0 ? 0 : end < capacity ? end : capacity;
}
