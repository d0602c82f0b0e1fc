// e4m3 numbers: conversions as io.moe4j.api.tensor.Float8 defines them, bit for bit.
#pragma once
#include <cuda_fp8.h>

// The nearest number, ties to even. Magnitudes above 448 become 448 with the same sign; NaN becomes 0x7F.
__device__ __forceinline__ unsigned char toF8(float v) { return __nv_cvt_float_to_fp8(v, __NV_SATFINITE, __NV_E4M3); }
// Exact.
__device__ __forceinline__ float fromF8(unsigned char bits) { return __half2float(__half(__nv_cvt_fp8_to_halfraw(bits, __NV_E4M3))); }
