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

// A scale, and its reciprocal where a quotient rounded to nearest can be found with it: 0 otherwise.
struct Divisor {
    float scale, inverse;
    __device__ __forceinline__ explicit Divisor(float scale) : scale(scale), inverse(0.f) {
        if (scale >= 0x1p-80f && scale <= 0x1p80f) inverse = __frcp_rn(scale);
    }
    // x / scale, where x is a number of a block with this scale. The sequence of a division without its special cases: quotients below 2^-11 may be off by some
    // last places, and become 0 all the same.
    __device__ __forceinline__ float quotient(float x) const {
        float q = x * inverse;
        q = fmaf(fmaf(-scale, q, x), inverse, q);
        q = fmaf(fmaf(-scale, q, x), inverse, q);
        return copysignf(q, x);  // -0
    }
};
__device__ __forceinline__ unsigned packed(float a, float b, float c, float d) {
    return (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(a, b), __NV_SATFINITE, __NV_E4M3) |
           (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(c, d), __NV_SATFINITE, __NV_E4M3) << 16;
}
__device__ __noinline__ unsigned divided(float4 x, float4 s) {
    return packed(__fdiv_rn(x.x, s.x), __fdiv_rn(x.y, s.y), __fdiv_rn(x.z, s.z), __fdiv_rn(x.w, s.w));
}
template <typename T>
__device__ __forceinline__ unsigned quantized(const Quad<T>& x, const Divisor& a, const Divisor& b, const Divisor& c, const Divisor& d) {
    const float4 v = make_float4(load(x.e), load(x.e + 1), load(x.e + 2), load(x.e + 3));
    if (fminf(fminf(a.inverse, b.inverse), fminf(c.inverse, d.inverse)) == 0.f) return divided(v, make_float4(a.scale, b.scale, c.scale, d.scale));
    return packed(a.quotient(v.x), b.quotient(v.y), c.quotient(v.z), d.quotient(v.w));
}

struct Scratch {
    unsigned columns[WARPS][TILE];
    unsigned square;
    alignas(16) unsigned char turned[TILE * TILE];  // by column; 16-byte vectors of a column are permuted, so that threads of a warp write different banks
};

// Writes one copy of a tile whose elements are in registers: thread (warp w, lane l) has rows 8 w + r and columns 4 l + c in x[r].e[c]. `rows` and `columns` are what
// is left of the matrix; elements beyond are 0.
template <typename T>
__device__ __forceinline__ void write(const Quad<T> (&x)[ROWS], const Copy& to, long long matrix, long long row, long long column, long long rows, long long columns,
                                      Scratch& scratch) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float* scales = to.scales + matrix * to.scalesMatrix;
    unsigned char* numbers = to.numbers + matrix * to.matrix + row * to.row + column * to.column;
    unsigned quads[ROWS];  // 4 columns of a row each
    if (to.block == ROW) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            unsigned largest = 0;
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) largest = max(largest, size(load(x[r].e + c)));
            const float scale = scaleOf(__reduce_max_sync(0xffffffffu, largest));
            const int at = warp * ROWS + r;
            if (lane == 0 && at < rows) scales[(row + at) * to.scalesRow + column / TILE * to.scalesColumn] = scale;
            const Divisor by(scale);
            quads[r] = quantized(x[r], by, by, by, by);
        }
    } else {
        unsigned largest[COLUMNS] = {0, 0, 0, 0};
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) largest[c] = max(largest[c], size(load(x[r].e + c)));
        }
        __syncthreads();  // what was read of the scratch for the copy before
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) scratch.columns[warp][lane * COLUMNS + c] = largest[c];
        __syncthreads();
        float scale[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
            for (int w = 0; w < WARPS; w++) largest[c] = max(largest[c], scratch.columns[w][lane * COLUMNS + c]);
        }
        if (to.block == SQUARE) {
            const unsigned all = __reduce_max_sync(0xffffffffu, max(max(largest[0], largest[1]), max(largest[2], largest[3])));
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) largest[c] = all;
        }
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) scale[c] = scaleOf(largest[c]);
        if (to.block == SQUARE && threadIdx.x == 0) scales[row / TILE * to.scalesRow + column / TILE * to.scalesColumn] = scale[0];
        if (to.block == COLUMN && warp == 0) {
#pragma unroll
            for (int c = 0; c < COLUMNS; c++)
                if (lane * COLUMNS + c < columns) scales[row / TILE * to.scalesRow + (column + lane * COLUMNS + c) * to.scalesColumn] = scale[c];
        }
        const Divisor by[COLUMNS] = {Divisor(scale[0]), Divisor(scale[1]), Divisor(scale[2]), Divisor(scale[3])};
#pragma unroll
        for (int r = 0; r < ROWS; r++) quads[r] = quantized(x[r], by[0], by[1], by[2], by[3]);
    }
    if (to.column == 1) {
        const bool wide = ((reinterpret_cast<unsigned long long>(numbers) | to.row) & 3) == 0 && lane * COLUMNS + COLUMNS <= columns;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            unsigned char* at = numbers + (warp * ROWS + r) * to.row + lane * COLUMNS;
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
            *reinterpret_cast<uint4*>(at) = v;
        } else {
            const unsigned char* e = reinterpret_cast<const unsigned char*>(&v);
            for (int r = 0; r < 16 && vector * 16 + r < rows; r++) at[r * to.row] = e[r];
        }
    }
}

// The elements of a matrix in fp32 or bf16, or of one in e4m3 that has a scale for each 1 x 128. Strides are in elements.
template <typename T>
struct Source {
    typedef T Element;  // in registers
    const T* x;
    long long matrix, row;

    __device__ __forceinline__ Quad<T> get(long long m, long long r, long long c, int count) const {
        const T* p = x + m * matrix + r * row + c;
        Quad<T> v = {};
        if (count >= COLUMNS && (reinterpret_cast<unsigned long long>(p) & (sizeof(Quad<T>) - 1)) == 0) return *reinterpret_cast<const Quad<T>*>(p);
#pragma unroll
        for (int i = 0; i < COLUMNS; i++)
            if (i < count) v.e[i] = p[i];
        return v;
    }
};
struct ScaledSource {
    typedef float Element;
    const unsigned char* x;
    long long row;
    const float* scales;
    long long scalesRow;

    __device__ __forceinline__ Quad<float> get(long long, long long r, long long c, int count) const {
        const Quad<unsigned char> numbers = Source<unsigned char>{x, 0, row}.get(0, r, c, count);
        const float scale = scales[r * scalesRow + c / TILE];
        Quad<float> v;
#pragma unroll
        for (int i = 0; i < COLUMNS; i++) v.e[i] = i < count ? __fmul_rn(fromF8(numbers.e[i]), scale) : 0.f;
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
    for (long long tile = blockIdx.x; tile < matrices * down * across; tile += gridDim.x) {
        const long long matrix = tile / across / down, row = tile / across % down * TILE, column = tile % across * TILE;
        const int left = (int)min((long long)COLUMNS, columns - column - lane * COLUMNS);
        Quad<typename From::Element> v[ROWS];
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            v[r] = {};
            if (row + warp * ROWS + r < limit && left > 0) v[r] = x.get(matrix, row + warp * ROWS + r, column + lane * COLUMNS, left);
        }
        if (first.block != NONE) write(v, first, matrix, row, column, limit - row, columns - column, scratch);
        if (second.block != NONE) write(v, second, matrix, row, column, limit - row, columns - column, scratch);
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
