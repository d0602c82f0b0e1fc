// The device code of f8_products.cu: the kernels of the product, and kernels that fill and check operands.
#include "grouped_f8.cu"
#include "grouped_gemm_f8_sm90.cu"
#include "grouped_gemm_sm90.cu"
#include "quantize_rows.cu"
#include "scaling.cu"

#include <cstdio>

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
// Both tiles of the columns product.
#define OTHERS(T, name)               \
    F8_COLUMNS(T, name, 256, _256)    \
    F8_COLUMNS(T, name, 128, _128)
OTHERS(bf16, bf16)
OTHERS(float, f32)
#endif

namespace probe {
__device__ __forceinline__ unsigned mixed(unsigned long long i, unsigned seed) {
    unsigned long long z = (i + 1) * 0x9E3779B97F4A7C15ull + seed * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (unsigned)((z ^ (z >> 31)) >> 16);
}
// Roughly normal, mean 0, deviation 1.
__device__ __forceinline__ float normal(unsigned long long i, unsigned seed) {
    float sum = 0.f;
    for (int j = 0; j < 4; j++) sum += (float)(mixed(4 * i + j, seed) & 0xFFFF) / 65536.f - 0.5f;
    return sum * 1.7320508f;
}
}  // namespace probe

extern "C" __global__ void fill_f8(unsigned char* to, long long count, float factor, unsigned seed) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x) to[i] = toF8(factor * probe::normal(i, seed));
}
extern "C" __global__ void fill_bf16(bf16* to, long long count, float factor, unsigned seed) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x) store(to + i, factor * probe::normal(i, seed));
}
// Scales of very different sizes, so that using the scale of a wrong block is detected.
extern "C" __global__ void fill_scales(float* to, long long count, unsigned seed) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x) {
        unsigned bits = probe::mixed(i, seed);
        to[i] = ldexpf(1.f + (bits & 0xFFF) / 4096.f, (int)(bits >> 12 & 7) - 4);
    }
}
extern "C" __global__ void transpose_f8(const unsigned char* from, unsigned char* to, long long matrices, long long rows, long long columns) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < matrices * rows * columns; i += (long long)gridDim.x * blockDim.x) {
        long long matrix = i / rows / columns, row = i / columns % rows, column = i % columns;
        to[(matrix * columns + column) * rows + row] = from[i];
    }
}

// Compares elements of C with sums in double. report: [0] bits of the largest error relative to the sum of sizes, [1] number of errors above `allowed`,
// [2] number of elements, [3] of NaN; sums: [0] of squares of relative errors, [1] of relative errors (bias towards zero is negative).
// rows product: A (rows) by B[expert]; columns product: element (expert, m, n), sums over the expert's rows.
extern "C" __global__ void check_product(ScaledOperand a, ScaledOperand b, long long bExpert, long long bScalesExpert, const int* offsets, int experts, int columnsProduct, int m, int n,
                                         int k, const void* c, int narrow, long long expertStride, long long rowStride, int step, float allowed, unsigned* report,
                                         double* sums) {
    const long long rows = columnsProduct ? (long long)experts * m : offsets[experts - 1];
    const long long sampled = (rows + step - 1) / step;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < sampled * n; i += (long long)gridDim.x * blockDim.x) {
        const long long row = i / n * step, column = i % n;
        int expert = 0;
        long long at, from = 0, to = k, outer = row;
        ScaledOperand other = b;
        if (columnsProduct) {
            expert = (int)(row / m);
            outer = row % m;
            from = expert == 0 ? 0 : offsets[expert - 1];
            to = offsets[expert];
            at = expert * expertStride + outer * rowStride + column;
        } else {
            while (offsets[expert] <= row) expert++;
            other.numbers += expert * bExpert;
            other.scales += expert * bScalesExpert;
            at = row * rowStride + column;
        }
        double sum = 0, sizes = 0;
        for (long long t = from; t < to; t++) {
            double term = (double)fromF8(a.numbers[outer * a.outerStride + t * a.innerStride]) * a.scale(outer, t) *
                          ((double)fromF8(other.numbers[column * other.outerStride + t * other.innerStride]) * other.scale(column, t));
            sum += term;
            sizes += fabs(term);
        }
        const float actual = narrow ? load(static_cast<const bf16*>(c) + at) : static_cast<const float*>(c)[at];
        // A result in bf16 is rounded once more: that is not counted.
        double error = fabs(actual - sum);
        if (narrow) error = fmax(0., error - fabs(sum) / 256);
        const double relative = sizes == 0 ? (actual == 0 ? 0 : 1) : error / sizes;
        atomicAdd(report + 2, 1u);
        if (isnan(actual)) atomicAdd(report + 3, 1u);
        if (isnan(actual) || relative > allowed) {
            if (atomicAdd(report + 1, 1u) < 6) printf("    wrong: expert %d row %lld column %lld: %g instead of %g, sizes %g\n", expert, columnsProduct ? outer : row, column, actual, sum, sizes);
        } else {
            atomicMax(report, __float_as_uint((float)relative));
        }
        if (!isnan(actual) && sizes > 0) {
            atomicAdd(sums, relative * relative);
            atomicAdd(sums + 1, (actual - sum) / sizes * (sum < 0 ? -1 : 1));
        }
    }
}
