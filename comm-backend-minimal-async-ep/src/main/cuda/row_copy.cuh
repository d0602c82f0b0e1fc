// Copies one row to several places, with all lanes of a warp. Each lane reads VECTORS times 16 bytes at a time, and writes them to every place before it reads
// more, so that the row is read once. Stores are plain: the barrier that is launched afterwards makes them visible to peers.
#pragma once

// 16-byte vectors that a lane holds at a time: in blocks of 256 threads, and in blocks of 1024 threads, which have only 64 registers each.
static constexpr int COPY_VECTORS = 8, COPY_VECTORS_BESIDE = 4;
static constexpr int COPY_PLACES = 32;  // the most places: one for each lane

template <typename Unit>
__device__ __forceinline__ void copyUnits(const Unit* row, long long count, unsigned long long to, int places, int lane) {
    for (int k = 0; k < places; k++) {
        Unit* out = reinterpret_cast<Unit*>(__shfl_sync(0xffffffffu, to, k));
        if (out)
            for (long long i = lane; i < count; i += 32) out[i] = row[i];
    }
}

// Lane k < places passes in `to` the address of the k-th place, or 0 for none. Places are multiples of 16 bytes if rowBytes is.
template <int VECTORS = COPY_VECTORS>
__device__ __forceinline__ void copyRow(const char* row, long long rowBytes, unsigned long long to, int places, int lane) {
    if (rowBytes % 16 == 0) {
        long long count = rowBytes / 16;
        for (long long base = 0; base < count; base += 32 * VECTORS) {
            uint4 v[VECTORS];
#pragma unroll
            for (int i = 0; i < VECTORS; i++) {
                long long c = base + i * 32 + lane;
                if (c < count) v[i] = __ldcs(reinterpret_cast<const uint4*>(row) + c);
            }
            for (int k = 0; k < places; k++) {
                uint4* out = reinterpret_cast<uint4*>(__shfl_sync(0xffffffffu, to, k));
                if (out) {
#pragma unroll
                    for (int i = 0; i < VECTORS; i++) {
                        long long c = base + i * 32 + lane;
                        if (c < count) __stcs(out + c, v[i]);
                    }
                }
            }
        }
    } else if (rowBytes % 2 == 0) {
        copyUnits(reinterpret_cast<const unsigned short*>(row), rowBytes / 2, to, places, lane);
    } else {
        copyUnits(row, rowBytes, to, places, lane);  // an odd number of 8-bit elements
    }
}
