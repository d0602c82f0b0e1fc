// Elements of rows as fp32, one at a time or 16 bytes at a time. Arithmetic is in fp32; a value is rounded once, to nearest even, when it is stored.
#pragma once
#include "bf16.cuh"
#include "row_end.cuh"
#include <cstdint>

// 16 bytes of elements in registers. They are loaded first and widened only when needed, so that many loads can be in flight.
template <typename T>
struct Vec {
    static constexpr int N = 16 / sizeof(T);
    uint4 raw;

    static __device__ __forceinline__ Vec load(const T* p) { return {*reinterpret_cast<const uint4*>(p)}; }
    __device__ __forceinline__ void store(T* p) const { storeVector(p, raw); }
    __device__ __forceinline__ void widen(float (&f)[N]) const {
        const T* e = reinterpret_cast<const T*>(&raw);
#pragma unroll
        for (int i = 0; i < N; i++) f[i] = ::load(e + i);
    }
    static __device__ __forceinline__ Vec rounded(const float (&f)[N]) {
        Vec v;
        T* e = reinterpret_cast<T*>(&v.raw);
#pragma unroll
        for (int i = 0; i < N; i++) ::store(e + i, f[i]);
        return v;
    }
};

// Whether rows that start at p, `stride` elements apart, can be moved 16 bytes at a time.
template <typename T>
__device__ __forceinline__ bool aligned16(const T* p, long long stride) {
    return ((reinterpret_cast<unsigned long long>(p) | (unsigned long long)(stride * (long long)sizeof(T))) & 15) == 0;
}
