// Between fp32 or bf16 numbers and e4m3 numbers with scales, as ScalingOps defines it: scale = largest / 448, at least 2^-126; number = nearest e4m3 of x / scale.
// Divisions are rounded to nearest, and the largest size is found among the bits of sizes, where NaN is the largest: the same bits as on the CPU.
// Kernels of this exist from Hopper on, as the products that need them do.
// Example: a block of 7 and -448: scale 1, numbers 7 (0x4E) and -448 (0xFE); of 0.5 alone: scale 0.5 / 448, number 448 (0x7E).
#pragma once
#include "bf16.cuh"
#include "f8.cuh"
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

namespace scaling {
static constexpr int TILE = 128, THREADS = 512, WARPS = THREADS / 32, ROWS = TILE / WARPS, COLUMNS = 4;  // rows and columns of a thread
static constexpr int VECTORS = TILE / 16;  // of 16 bytes in a column

enum Block { NONE, ROW, COLUMN, SQUARE };  // a copy that is not wanted; blocks of 1 x 128, 128 x 1, 128 x 128

// One e4m3 copy of a stack of matrices. Strides are in elements; either rows or columns of the numbers are dense.
struct Copy {
    unsigned char* numbers;
    long long matrix, row, column;
    float* scales;
    long long scalesMatrix, scalesRow, scalesColumn;
    int block;
};

__device__ __forceinline__ unsigned size(float v) { return __float_as_uint(v) & 0x7FFFFFFFu; }
__device__ __forceinline__ float scaleOf(unsigned largest) {
    const float scale = __fdiv_rn(__uint_as_float(largest), 448.f);
    return scale < 0x1p-126f ? 0x1p-126f : scale;  // NaN stays
}
// Neighbouring columns of a row, as they are stored: half the registers for bf16.
template <typename T>
struct alignas(COLUMNS * sizeof(T)) Quad {
    T e[COLUMNS];
};

// Divides by a scale, rounded to nearest, with the sequence of a division but without its special cases. So that nothing overflows on the way, and no remainder
// becomes too small, both numbers are first multiplied by a power of two. Quotients below 2^-11 may be off by some last places, and become 0 all the same.
// Example: scale 3 * 2^-100: factor 2^64, divisor 3 * 2^-36.
struct Divisor {
    float divisor, inverse, factor;
    __device__ __forceinline__ static Divisor of(float scale) {
        const float factor = scale < 0x1p-60f ? 0x1p64f : scale > 0x1p60f ? 0x1p-64f : 1.f;
        // Finite numbers divided by infinity are 0, which 0 * x + 0 * x gives; all others become NaN.
        if (!(scale <= 3.4e38f)) return {0.f, isnan(scale) ? scale : 0.f, 1.f};
        return {scale * factor, __frcp_rn(scale * factor), factor};
    }
    __device__ __forceinline__ float quotient(float x) const {
        const float v = x * factor;
        float q = v * inverse;
        q = fmaf(fmaf(-divisor, q, v), inverse, q);
        q = fmaf(fmaf(-divisor, q, v), inverse, q);
        return q == 0.f ? copysignf(0.f, x) : q;
    }
};
template <typename T>
__device__ __forceinline__ unsigned quantized(const Quad<T>& x, const Divisor& a, const Divisor& b, const Divisor& c, const Divisor& d) {
    return (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(a.quotient(load(x.e)), b.quotient(load(x.e + 1))), __NV_SATFINITE, __NV_E4M3) |
           (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(c.quotient(load(x.e + 2)), d.quotient(load(x.e + 3))), __NV_SATFINITE, __NV_E4M3) << 16;
}
template <typename T>
__device__ __forceinline__ unsigned largestOf(const Quad<T>& x) {
    return max(max(size(load(x.e)), size(load(x.e + 1))), max(size(load(x.e + 2)), size(load(x.e + 3))));
}

struct Scratch {
    alignas(16) unsigned columns[WARPS][TILE];
    unsigned warps[WARPS];
    Divisor divisors[TILE];  // of columns
    alignas(16) unsigned char turned[TILE * TILE];  // by column; 16-byte vectors of a column are permuted, so that threads of a warp write different banks
};

// Writes one copy of a tile whose elements are in registers: thread (warp w, lane l) has rows 8 w + r and columns 4 l + c in x[r].e[c]. `rows` and `columns` are what
// is left of the matrix; elements beyond are 0.
template <typename T>
__device__ __forceinline__ void write(const Quad<T> (&x)[ROWS], const Copy& to, long long matrix, long long row, long long column, int rows, int columns,
                                      Scratch& scratch) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float* scales = to.scales + matrix * to.scalesMatrix;
    unsigned char* numbers = to.numbers + matrix * to.matrix + row * to.row + column * to.column;
    unsigned quads[ROWS];  // 4 columns of a row each
    if (to.block == ROW) {
        // Each lane computes the scale of one of the warp's rows.
        unsigned own = 0;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const unsigned largest = __reduce_max_sync(0xffffffffu, largestOf(x[r]));
            if (lane % ROWS == r) own = largest;
        }
        const float scale = scaleOf(own);
        const Divisor mine = Divisor::of(scale);
        if (lane < ROWS && warp * ROWS + lane < rows) scales[(row + warp * ROWS + lane) * to.scalesRow + column / TILE * to.scalesColumn] = scale;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const Divisor by = {__shfl_sync(0xffffffffu, mine.divisor, r), __shfl_sync(0xffffffffu, mine.inverse, r), __shfl_sync(0xffffffffu, mine.factor, r)};
            quads[r] = quantized(x[r], by, by, by, by);
        }
    } else if (to.block == SQUARE) {
        unsigned largest = 0;
#pragma unroll
        for (int r = 0; r < ROWS; r++) largest = max(largest, largestOf(x[r]));
        largest = __reduce_max_sync(0xffffffffu, largest);
        __syncthreads();  // what was read of the scratch for the copy before
        if (lane == 0) scratch.warps[warp] = largest;
        __syncthreads();
        const float scale = scaleOf(__reduce_max_sync(0xffffffffu, scratch.warps[lane % WARPS]));
        const Divisor by = Divisor::of(scale);
        if (threadIdx.x == 0) scales[row / TILE * to.scalesRow + column / TILE * to.scalesColumn] = scale;
#pragma unroll
        for (int r = 0; r < ROWS; r++) quads[r] = quantized(x[r], by, by, by, by);
    } else {
        uint4 largest = make_uint4(0, 0, 0, 0);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            largest.x = max(largest.x, size(load(x[r].e)));
            largest.y = max(largest.y, size(load(x[r].e + 1)));
            largest.z = max(largest.z, size(load(x[r].e + 2)));
            largest.w = max(largest.w, size(load(x[r].e + 3)));
        }
        __syncthreads();
        *reinterpret_cast<uint4*>(&scratch.columns[warp][lane * COLUMNS]) = largest;
        __syncthreads();
        if (threadIdx.x < TILE) {
            unsigned all = 0;
#pragma unroll
            for (int w = 0; w < WARPS; w++) all = max(all, scratch.columns[w][threadIdx.x]);
            const float scale = scaleOf(all);
            scratch.divisors[threadIdx.x] = Divisor::of(scale);
            if ((int)threadIdx.x < columns) scales[row / TILE * to.scalesRow + (column + threadIdx.x) * to.scalesColumn] = scale;
        }
        __syncthreads();
        Divisor by[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) by[c] = scratch.divisors[lane * COLUMNS + c];
#pragma unroll
        for (int r = 0; r < ROWS; r++) quads[r] = quantized(x[r], by[0], by[1], by[2], by[3]);
    }
    if (to.column == 1) {
        unsigned char* at = numbers + warp * ROWS * to.row + lane * COLUMNS;
        const bool wide = ((reinterpret_cast<unsigned long long>(numbers) | to.row) & 3) == 0 && lane * COLUMNS + COLUMNS <= columns;
#pragma unroll
        for (int r = 0; r < ROWS; r++, at += to.row) {
            if (warp * ROWS + r >= rows) break;
            if (wide) {
                *reinterpret_cast<unsigned*>(at) = quads[r];
            } else {
                for (int c = 0; c < COLUMNS && lane * COLUMNS + c < columns; c++) at[c] = (unsigned char)(quads[r] >> 8 * c);
            }
        }
        return;
    }
    __syncthreads();
    // A thread's 8 rows of one column are half a vector.
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
        unsigned words[2] = {0, 0};
#pragma unroll
        for (int r = 0; r < ROWS; r++) words[r / 4] |= (quads[r] >> 8 * c & 0xFFu) << 8 * (r % 4);
        *reinterpret_cast<uint2*>(scratch.turned + (lane * COLUMNS + c) * TILE + ((warp / 2 ^ (lane & 7)) << 4) + warp % 2 * ROWS) = make_uint2(words[0], words[1]);
    }
    __syncthreads();
    const bool wide = ((reinterpret_cast<unsigned long long>(numbers) | to.column) & 15) == 0;
    for (int i = threadIdx.x; i < TILE * VECTORS; i += THREADS) {
        const int c = i / VECTORS, vector = i % VECTORS;
        if (c >= columns || vector * 16 >= rows) continue;
        const uint4 v = *reinterpret_cast<const uint4*>(scratch.turned + c * TILE + ((vector ^ (c / COLUMNS & 7)) << 4));
        unsigned char* at = numbers + c * to.column + vector * 16 * to.row;
        if (wide && to.row == 1 && vector * 16 + 16 <= rows) {
            storeVector(at, v);
        } else {
            const unsigned char* e = reinterpret_cast<const unsigned char*>(&v);
            for (int r = 0; r < 16 && vector * 16 + r < rows; r++) at[r * to.row] = e[r];
        }
    }
}

// The elements of a matrix in fp32 or bf16, or of one in e4m3 that has a scale for each 1 x 128. Strides are in elements. get: 4 elements of a row in one load;
// some: the first `count` of them.
template <typename T>
struct Source {
    typedef T Element;  // in registers
    const T* x;
    long long matrix, row;

    __device__ __forceinline__ bool vectors() const {
        return ((reinterpret_cast<unsigned long long>(x) | (unsigned long long)(matrix * sizeof(T)) | (unsigned long long)(row * sizeof(T))) & (sizeof(Quad<T>) - 1)) == 0;
    }
    __device__ __forceinline__ Quad<T> get(long long m, long long r, long long c) const { return *reinterpret_cast<const Quad<T>*>(x + m * matrix + r * row + c); }
    __device__ __forceinline__ Quad<T> some(long long m, long long r, long long c, int count) const {
        Quad<T> v = {};
#pragma unroll
        for (int i = 0; i < COLUMNS; i++)
            if (i < count) v.e[i] = x[m * matrix + r * row + c + i];
        return v;
    }
};
struct ScaledSource {
    typedef float Element;
    Source<unsigned char> numbers;
    const float* scales;
    long long scalesRow;

    __device__ __forceinline__ bool vectors() const { return numbers.vectors(); }
    __device__ __forceinline__ Quad<float> scaled(const Quad<unsigned char>& n, long long r, long long c) const {
        const float scale = scales[r * scalesRow + c / TILE];
        Quad<float> v;
#pragma unroll
        for (int i = 0; i < COLUMNS; i++) v.e[i] = __fmul_rn(fromF8(n.e[i]), scale);
        return v;
    }
    __device__ __forceinline__ Quad<float> get(long long m, long long r, long long c) const { return scaled(numbers.get(m, r, c), r, c); }
    __device__ __forceinline__ Quad<float> some(long long m, long long r, long long c, int count) const {
        Quad<float> v = count > 0 ? scaled(numbers.some(m, r, c, count), r, c) : Quad<float>{};
#pragma unroll
        for (int i = 0; i < COLUMNS; i++)
            if (i >= count) v.e[i] = 0.f;
        return v;
    }
};

// One pass over x writes one or two copies, a block of threads for each 128 x 128 tile. With validRows, rows from there on are neither read nor written, and a
// block of a scale ends there. Example: x (98304, 2048) in bf16 to rows for a product and to columns for a weight gradient: 403 MB read, 201 MB written twice,
// and 6 MB of scales: 0.19 ms at 4274 GB/s; in two passes 1,221 MB.
template <typename From>
__device__ __forceinline__ void tiles(const From& x, long long matrices, long long rows, long long columns, const int* validRows, const Copy& first, const Copy& second) {
    __shared__ Scratch scratch;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const long long limit = validRows == nullptr ? rows : max(0ll, min((long long)*validRows, rows));
    const long long across = (columns + TILE - 1) / TILE, down = (limit + TILE - 1) / TILE;
    const bool vectors = x.vectors();
    for (long long tile = blockIdx.x; tile < matrices * down * across; tile += gridDim.x) {
        const long long matrix = tile / across / down, row = tile / across % down * TILE, column = tile % across * TILE;
        Quad<typename From::Element> v[ROWS];
        // All of a thread's loads are in flight at the same time.
        if (vectors && row + TILE <= limit && column + TILE <= columns) {
#pragma unroll
            for (int r = 0; r < ROWS; r++) v[r] = x.get(matrix, row + warp * ROWS + r, column + lane * COLUMNS);
        } else {
            const int left = (int)max(0ll, min((long long)COLUMNS, columns - column - lane * COLUMNS));
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                v[r] = x.some(matrix, row + warp * ROWS + r, column + lane * COLUMNS, row + warp * ROWS + r < limit ? left : 0);
        }
        const int height = (int)min((long long)TILE, limit - row), width = (int)min((long long)TILE, columns - column);
        if (first.block != NONE) write(v, first, matrix, row, column, height, width, scratch);
        if (second.block != NONE) write(v, second, matrix, row, column, height, width, scratch);
    }
}

// Blocks of any extents, a warp for each: the readable form. Element (row, column) of the numbers is at row * row stride + column * column stride.
template <typename T>
__device__ __forceinline__ void blocks(const T* x, long long xMatrix, long long xRow, long long matrices, long long rows, long long columns, const Copy& to, long long blockRows,
                                       long long blockColumns) {
    const int lane = threadIdx.x % 32;
    const long long across = (columns + blockColumns - 1) / blockColumns, down = (rows + blockRows - 1) / blockRows;
    for (long long block = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32; block < matrices * down * across; block += (long long)gridDim.x * blockDim.x / 32) {
        const long long matrix = block / across / down, row = block / across % down * blockRows, column = block % across * blockColumns;
        const long long height = min(blockRows, rows - row), width = min(blockColumns, columns - column);
        unsigned largest = 0;
        for (long long i = lane; i < height * width; i += 32)
            largest = max(largest, size(load(x + matrix * xMatrix + (row + i / width) * xRow + column + i % width)));
        const float scale = scaleOf(__reduce_max_sync(0xffffffffu, largest));
        if (lane == 0) to.scales[matrix * to.scalesMatrix + row / blockRows * to.scalesRow + column / blockColumns * to.scalesColumn] = scale;
        for (long long i = lane; i < height * width; i += 32) {
            const long long r = row + i / width, c = column + i % width;
            to.numbers[matrix * to.matrix + r * to.row + c * to.column] = toF8(__fdiv_rn(load(x + matrix * xMatrix + r * xRow + c), scale));
        }
    }
}

// x = number * scale, rounded once, a thread for each element.
template <typename T>
__device__ __forceinline__ void widen(T* x, long long xMatrix, long long xRow, long long matrices, long long rows, long long columns, const Copy& from, long long blockRows,
                                      long long blockColumns) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < matrices * rows * columns; i += (long long)gridDim.x * blockDim.x) {
        const long long matrix = i / columns / rows, row = i / columns % rows, column = i % columns;
        const float scale = from.scales[matrix * from.scalesMatrix + row / blockRows * from.scalesRow + column / blockColumns * from.scalesColumn];
        store(x + matrix * xMatrix + row * xRow + column, __fmul_rn(fromF8(from.numbers[matrix * from.matrix + row * from.row + column * from.column]), scale));
    }
}
}  // namespace scaling

// Parameters of kernels, and the copy that they are.
#define SCALED_COPY(name)                                                                                                                                      \
    unsigned char *name, long long name##Matrix, long long name##Row, long long name##Column, float *name##Scales, long long name##ScalesMatrix,              \
        long long name##ScalesRow, long long name##ScalesColumn
#define COPY_OF(name, block) \
    { name, name##Matrix, name##Row, name##Column, name##Scales, name##ScalesMatrix, name##ScalesRow, name##ScalesColumn, block }
#endif
