// Stochastic rounding to bf16; see Rounding.Stochastic.
#pragma once

// A value that bf16 can hold, so that storing it as bf16 does not change it. `counter` is that of element 0. Example: bits 0x3F80C000, three quarters of
// the way from 1 to the next bf16 value, become 0x3F810000 if the random bits are at least 0x4000, and 0x3F800000 otherwise.
__device__ __forceinline__ float roundedStochastically(float p, unsigned long long counter, long long i) {
    unsigned bits = __float_as_uint(p);
    if ((bits & 0x7F800000u) == 0x7F800000u) return p;
    unsigned long long z = counter + (unsigned long long)i * 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return __uint_as_float((bits + (unsigned)((z ^ z >> 31) >> 48)) & 0xFFFF0000u);
}
