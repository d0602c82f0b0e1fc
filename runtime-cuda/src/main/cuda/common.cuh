// Loads, stores and reductions that the kernels share. All arithmetic is in fp32; bf16 values are rounded once, to nearest even, when stored.
#pragma once
#include "bf16.cuh"
#include <cstdint>

// A vector of elements that moves in one 16-byte access.
template <typename T> struct Vec {
    static constexpr int N = 16 / sizeof(T);
    float v[N];
    __device__ __forceinline__ static Vec load(const T* p) {
        uint4 raw = *reinterpret_cast<const uint4*>(p);
        const T* e = reinterpret_cast<const T*>(&raw);
        Vec r;
#pragma unroll
        for (int i = 0; i < N; i++) r.v[i] = ::load(e + i);
        return r;
    }
    __device__ __forceinline__ void store(T* p) const {
        static_assert(sizeof(T) == 4, "narrower types have a form of their own below");
        storeVector(p, make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3])));
    }
};

// The same for bf16, two elements to an instruction: kernels that convert much are limited by instructions before they are limited by memory.
template <> __device__ __forceinline__ Vec<bf16> Vec<bf16>::load(const bf16* p) {
    uint4 raw = *reinterpret_cast<const uint4*>(p);
    const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&raw);
    Vec<bf16> r;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 pair = __bfloat1622float2(pairs[i]);
        r.v[2 * i] = pair.x;
        r.v[2 * i + 1] = pair.y;
    }
    return r;
}
template <> __device__ __forceinline__ void Vec<bf16>::store(bf16* p) const {
    auto pair = [&](int i) {
        __nv_bfloat162 two = __floats2bfloat162_rn(v[i], v[i + 1]);
        return *reinterpret_cast<unsigned*>(&two);
    };
    storeVector(p, make_uint4(pair(0), pair(2), pair(4), pair(6)));
}

// Eight elements in one or two 16-byte accesses. storeEight is for global memory, keepEight for shared memory.
__device__ __forceinline__ void loadEight(const float* p, float (&v)[8]) {
    Vec<float> a = Vec<float>::load(p), b = Vec<float>::load(p + 4);
#pragma unroll
    for (int j = 0; j < 8; j++) v[j] = j < 4 ? a.v[j] : b.v[j - 4];
}
__device__ __forceinline__ void loadEight(const bf16* p, float (&v)[8]) {
    Vec<bf16> a = Vec<bf16>::load(p);
#pragma unroll
    for (int j = 0; j < 8; j++) v[j] = a.v[j];
}
__device__ __forceinline__ void storeEight(float* p, const float (&v)[8]) {
    Vec<float> a, b;
#pragma unroll
    for (int j = 0; j < 4; j++) {
        a.v[j] = v[j];
        b.v[j] = v[j + 4];
    }
    a.store(p);
    b.store(p + 4);
}
__device__ __forceinline__ void storeEight(bf16* p, const float (&v)[8]) {
    Vec<bf16> a;
#pragma unroll
    for (int j = 0; j < 8; j++) a.v[j] = v[j];
    a.store(p);
}

__device__ __forceinline__ void keepEight(float* shared, const float (&v)[8]) {
    float4* to = reinterpret_cast<float4*>(shared);
    to[0] = make_float4(v[0], v[1], v[2], v[3]);
    to[1] = make_float4(v[4], v[5], v[6], v[7]);
}

// Sum over a warp; every lane gets the result. A butterfly: the order of additions is fixed.
__device__ __forceinline__ float warpSum(float v) {
#pragma unroll
    for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
    return v;
}

__device__ __forceinline__ float warpMax(float v) {
#pragma unroll
    for (int o = 16; o > 0; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o));
    return v;
}

// Sum over a block of up to 1024 threads; every thread gets the result. `scratch` has 32 floats.
__device__ __forceinline__ float blockSum(float v, float* scratch) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
    v = warpSum(v);
    __syncthreads();
    if (lane == 0) scratch[warp] = v;
    __syncthreads();
    v = lane < warps ? scratch[lane] : 0.f;
    return warpSum(v);
}

__device__ __forceinline__ float blockMax(float v, float* scratch) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
    v = warpMax(v);
    __syncthreads();
    if (lane == 0) scratch[warp] = v;
    __syncthreads();
    v = lane < warps ? scratch[lane] : -INFINITY;
    return warpMax(v);
}

// Declares NAME_f32 and NAME_bf16 from a templated body.
#define FOR_EACH_TYPE(DECLARE) DECLARE(f32, float) DECLARE(bf16, bf16)
