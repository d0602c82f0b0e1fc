// Converts between fp32 or bf16 numbers and e4m3 numbers with scales, as ScalingOps defines: scale = largest absolute value of the block / 448, at least
// 2^-126; number = nearest e4m3 of x / scale. Divisions are rounded to nearest. The largest absolute value ("size") is found by comparing the bits of absolute
// values as integers, where NaN is the largest. Results have the same bits as on the CPU. These kernels exist from Hopper on, like the products that need them.
// Example: a block of 7 and -448: scale 1, numbers 7 (0x4E) and -448 (0xFE); of 0.5 alone: scale 0.5 / 448, number 448 (0x7E).
#pragma once
#include "bf16.cuh"
#include "f8.cuh"
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

namespace scaling {
static constexpr int TILE = 128, THREADS = 256, WARPS = THREADS / 32, ROWS = TILE / WARPS, COLUMNS = 4;  // rows and columns of a thread
static constexpr int VECTORS = TILE / 16;  // of 16 bytes in a column
// Blocks of threads on a multiprocessor: 3 leave 80 registers to a thread; 2 leave 128, for fp32 elements, which take twice as many registers as bf16.
template <typename T>
static constexpr int BLOCKS_OF = sizeof(T) == 2 ? 3 : 2;
static_assert(ROWS == 16, "a thread's rows of one column are a vector");

enum Block { NONE, ROW, COLUMN, SQUARE };  // NONE: no copy is written; otherwise a scale is for 1 x 128, 128 x 1 or 128 x 128 elements

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

    __device__ __forceinline__ float at(int i) const { return load(e + i); }
    __device__ __forceinline__ void set(int i, T v) { e[i] = v; }
};
template <>
struct alignas(8) Quad<bf16> {
    unsigned pairs[2];

    __device__ __forceinline__ float at(int i) const { return __uint_as_float(i % 2 == 0 ? pairs[i / 2] << 16 : pairs[i / 2] & 0xFFFF0000u); }
    __device__ __forceinline__ void set(int i, bf16 v) { pairs[i / 2] |= (unsigned)__bfloat16_as_ushort(v) << 16 * (i % 2); }  // only if element i is 0
};

// The largest sizes of each of 4 columns. Sizes of bf16 numbers are compared in pairs, as they are stored.
template <typename T>
struct Largest {
    unsigned c[COLUMNS] = {};

    __device__ __forceinline__ void add(const Quad<T>& x) {
#pragma unroll
        for (int i = 0; i < COLUMNS; i++) c[i] = max(c[i], size(x.at(i)));
    }
    __device__ __forceinline__ uint4 each() const { return make_uint4(c[0], c[1], c[2], c[3]); }
    __device__ __forceinline__ unsigned all() const { return max(max(c[0], c[1]), max(c[2], c[3])); }
};
template <>
struct Largest<bf16> {
    unsigned pairs[2] = {};

    __device__ __forceinline__ static unsigned larger(unsigned a, unsigned b) {
        unsigned result;
        asm("max.u16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ __forceinline__ void add(const Quad<bf16>& x) {
        pairs[0] = larger(pairs[0], x.pairs[0] & 0x7FFF7FFFu);
        pairs[1] = larger(pairs[1], x.pairs[1] & 0x7FFF7FFFu);
    }
    __device__ __forceinline__ uint4 each() const { return make_uint4(pairs[0] << 16, pairs[0] & 0x7FFF0000u, pairs[1] << 16, pairs[1] & 0x7FFF0000u); }
    __device__ __forceinline__ unsigned all() const {
        const unsigned both = larger(pairs[0], pairs[1]);
        return max(both << 16, both & 0x7FFF0000u);
    }
};

// Divides elements by a scale, so that the quotient rounds to the same e4m3 number as the quotient in fp32. This form, for fp32, rounds to nearest: it has the
// instructions of a division, but not its special cases. Both numbers are first multiplied by a power of two, so that nothing overflows on the way, and no
// remainder becomes too small. Quotients below 2^-11 may be off by a few units in the last place; they become 0 in any case.
// Example: scale 3 * 2^-100: factor 2^64, divisor 3 * 2^-36.
template <typename T>
struct alignas(16) Divisor {
    float divisor, inverse, factor, unused;

    __device__ __forceinline__ static Divisor of(float scale) {
        const float factor = scale < 0x1p-60f ? 0x1p64f : scale > 0x1p60f ? 0x1p-64f : 1.f;
        // Finite numbers divided by infinity are 0, which 0 * x + 0 * x gives; all others become NaN.
        if (!(scale <= 3.4e38f)) return {0.f, isnan(scale) ? scale : 0.f, 1.f, 0.f};
        return {scale * factor, __frcp_rn(scale * factor), factor, 0.f};
    }
    __device__ __forceinline__ float quotient(float x) const {
        const float v = x * factor;
        float q = v * inverse;
        q = fmaf(fmaf(-divisor, q, v), inverse, q);
        q = fmaf(fmaf(-divisor, q, v), inverse, q);
        return q == 0.f ? copysignf(0.f, x) : q;
    }
};
// For bf16, two operations suffice: the reciprocal is a sum of two fp32 numbers, neither of them negative, so that -0 stays -0. The quotient may be off by one
// unit in the last place, but never where that changes the e4m3 number. That was checked for all bf16 numbers x and m, where m >= |x| is the largest of the
// block: 55 million quotients.
// Example: scale 3: high 0.33333331, low 1.99e-8; of x = 50: 16.666666.
template <>
struct alignas(8) Divisor<bf16> {
    float high, low;

    __device__ __forceinline__ static Divisor of(float scale) {
        if (!(scale <= 3.4e38f)) return {isnan(scale) ? scale : 0.f, 0.f};
        const float high = __frcp_rz(scale);
        return {high, __fmul_rn(fmaf(-high, scale, 1.f), high)};
    }
    __device__ __forceinline__ float quotient(float x) const { return fmaf(x, high, __fmul_rn(x, low)); }
};
__device__ __forceinline__ unsigned packed(float a, float b, float c, float d) {
    return (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(a, b), __NV_SATFINITE, __NV_E4M3) |
           (unsigned)__nv_cvt_float2_to_fp8x2(make_float2(c, d), __NV_SATFINITE, __NV_E4M3) << 16;
}
// The numbers of 4 elements, a byte each.
template <typename T>
__device__ __forceinline__ unsigned quantized(const Quad<T>& x, const Divisor<T>& a, const Divisor<T>& b, const Divisor<T>& c, const Divisor<T>& d) {
    return packed(a.quotient(x.at(0)), b.quotient(x.at(1)), c.quotient(x.at(2)), d.quotient(x.at(3)));
}

template <typename T>
struct Scratch {
    alignas(16) unsigned columns[WARPS][TILE];
    unsigned warps[WARPS];
    Divisor<T> ofRows[TILE], ofColumns[TILE];
    alignas(16) unsigned char turned[TILE * TILE];  // transposed; the 16-byte vectors of a column are permuted, so that threads of a warp write different banks
};

// Whether rows that start at p, `stride` bytes apart, can be stored 4 bytes at a time.
__device__ __forceinline__ bool aligned4(const unsigned char* p, long long stride) { return ((reinterpret_cast<unsigned long long>(p) | (unsigned long long)stride) & 3) == 0; }
// Stores the 4 numbers of a row, or the first `columns` of them.
__device__ __forceinline__ void putRow(unsigned char* at, unsigned quad, bool wide, int columns) {
    if (wide && columns >= COLUMNS) {
        *reinterpret_cast<unsigned*>(at) = quad;
    } else {
#pragma unroll
        for (int c = 0; c < COLUMNS; c++)
            if (c < columns) at[c] = (unsigned char)(quad >> 8 * c);
    }
}

// Computes the numbers of a tile whose elements are in registers, and stores its scales. Thread (warp w, lane l) has row 16 w + r, column 4 l + c in element c
// of x[r], and the e4m3 number of it in byte c of quads[r]. The matrix has `rows` rows and `columns` columns from the tile's first on; elements beyond are 0.
template <typename T>
__device__ __forceinline__ void compute(const Quad<T> (&x)[ROWS], unsigned (&quads)[ROWS], const Copy& to, int matrix, int row, int column, int rows,
                                        int columns, Scratch<T>& scratch) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float* scales = to.scales + matrix * to.scalesMatrix;
    if (to.block == ROW) {
        // Each lane computes the scale of one of the warp's rows.
        unsigned own = 0;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            Largest<T> largest;
            largest.add(x[r]);
            const unsigned all = __reduce_max_sync(0xffffffffu, largest.all());
            if (lane == r) own = all;
        }
        __syncwarp();
        if (lane < ROWS) {
            const float scale = scaleOf(own);
            scratch.ofRows[warp * ROWS + lane] = Divisor<T>::of(scale);
            if (warp * ROWS + lane < rows) scales[(row + warp * ROWS + lane) * to.scalesRow + column / TILE * to.scalesColumn] = scale;
        }
        __syncwarp();
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            const Divisor<T> by = scratch.ofRows[warp * ROWS + r];
            quads[r] = quantized(x[r], by, by, by, by);
        }
        return;
    }
    Largest<T> largest;
#pragma unroll
    for (int r = 0; r < ROWS; r++) largest.add(x[r]);
    *reinterpret_cast<uint4*>(&scratch.columns[warp][lane * COLUMNS]) = largest.each();
    __syncthreads();
    if (threadIdx.x < TILE) {
        unsigned all = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) all = max(all, scratch.columns[w][threadIdx.x]);
        const float scale = scaleOf(all);
        scratch.ofColumns[threadIdx.x] = Divisor<T>::of(scale);
        if ((int)threadIdx.x < columns) scales[row / TILE * to.scalesRow + (column + threadIdx.x) * to.scalesColumn] = scale;
    }
    __syncthreads();
    Divisor<T> by[COLUMNS];
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) by[c] = scratch.ofColumns[lane * COLUMNS + c];
#pragma unroll
    for (int r = 0; r < ROWS; r++) quads[r] = quantized(x[r], by[0], by[1], by[2], by[3]);
}

// Stores the numbers of a tile.
template <typename T>
__device__ __forceinline__ void put(const unsigned (&quads)[ROWS], const Copy& to, int matrix, int row, int column, int rows, int columns, Scratch<T>& scratch) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    unsigned char* numbers = to.numbers + matrix * to.matrix + row * to.row + column * to.column;
    if (to.column == 1) {
        unsigned char* at = numbers + warp * ROWS * to.row + lane * COLUMNS;
        const bool wide = aligned4(numbers, to.row);
#pragma unroll
        for (int r = 0; r < ROWS; r++, at += to.row)
            if (warp * ROWS + r < rows) putRow(at, quads[r], wide, columns - lane * COLUMNS);
        return;
    }
    if (to.block != COLUMN) __syncthreads();  // until all have read the previous tile; compute() has already waited if blocks are columns
    // A thread's 16 rows of one column form a vector: 4 x 4 bytes are transposed at a time.
    unsigned words[COLUMNS][ROWS / 4];
#pragma unroll
    for (int i = 0; i < ROWS / 4; i++) {
        const unsigned *q = quads + 4 * i, a = __byte_perm(q[0], q[1], 0x5140), b = __byte_perm(q[2], q[3], 0x5140), c = __byte_perm(q[0], q[1], 0x7362),
                       d = __byte_perm(q[2], q[3], 0x7362);
        words[0][i] = __byte_perm(a, b, 0x5410);
        words[1][i] = __byte_perm(a, b, 0x7632);
        words[2][i] = __byte_perm(c, d, 0x5410);
        words[3][i] = __byte_perm(c, d, 0x7632);
    }
#pragma unroll
    for (int c = 0; c < COLUMNS; c++)
        *reinterpret_cast<uint4*>(scratch.turned + (lane * COLUMNS + c) * TILE + ((warp ^ (lane & 7)) << 4)) = make_uint4(words[c][0], words[c][1], words[c][2], words[c][3]);
    __syncthreads();
    const bool wide = ((reinterpret_cast<unsigned long long>(numbers) | to.column) & 15) == 0 && to.row == 1;
#pragma unroll
    for (int j = 0; j < TILE * VECTORS / THREADS; j++) {
        const int i = j * THREADS + threadIdx.x, c = i / VECTORS, vector = i % VECTORS;
        if (c >= columns || vector * 16 >= rows) continue;
        const uint4 v = *reinterpret_cast<const uint4*>(scratch.turned + c * TILE + ((vector ^ (c / COLUMNS & 7)) << 4));
        unsigned char* at = numbers + c * to.column + vector * 16 * to.row;
        if (wide && vector * 16 + 16 <= rows) {
            storeVector(at, v);
        } else {
            const unsigned words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
            for (int r = 0; r < 16; r++)
                if (vector * 16 + r < rows) at[r * to.row] = (unsigned char)(words[r / 4] >> 8 * (r % 4));
        }
    }
}

// Writes one copy of a tile, or two.
template <typename T>
__device__ __forceinline__ void write(const Quad<T> (&x)[ROWS], const Copy& first, const Copy& second, int matrix, int row, int column, int rows, int columns,
                                      Scratch<T>& scratch) {
    unsigned quads[ROWS];
    if (first.block != NONE) {
        compute(x, quads, first, matrix, row, column, rows, columns, scratch);
        put(quads, first, matrix, row, column, rows, columns, scratch);
    }
    if (second.block != NONE) {
        compute(x, quads, second, matrix, row, column, rows, columns, scratch);
        put(quads, second, matrix, row, column, rows, columns, scratch);
    }
}
// The same for blocks of 128 x 128, which weights have. Both copies have the same scales and numbers, which are computed once.
template <typename T>
__device__ __forceinline__ void writeSquare(const Quad<T> (&x)[ROWS], const Copy& first, const Copy& second, int matrix, int row, int column, int rows, int columns,
                                            Scratch<T>& scratch) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    Largest<T> largest;
#pragma unroll
    for (int r = 0; r < ROWS; r++) largest.add(x[r]);
    const unsigned all = __reduce_max_sync(0xffffffffu, largest.all());
    __syncthreads();  // until all have read the scratch of the previous tile
    if (lane == 0) scratch.warps[warp] = all;
    __syncthreads();
    const float scale = scaleOf(__reduce_max_sync(0xffffffffu, scratch.warps[lane % WARPS]));
    const Divisor<T> by = Divisor<T>::of(scale);
    if (threadIdx.x == 0) {
        first.scales[matrix * first.scalesMatrix + row / TILE * first.scalesRow + column / TILE * first.scalesColumn] = scale;
        if (second.block != NONE && second.scales != first.scales)
            second.scales[matrix * second.scalesMatrix + row / TILE * second.scalesRow + column / TILE * second.scalesColumn] = scale;
    }
    unsigned quads[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) quads[r] = quantized(x[r], by, by, by, by);
    put(quads, first, matrix, row, column, rows, columns, scratch);
    if (second.block != NONE) put(quads, second, matrix, row, column, rows, columns, scratch);
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
            if (i < count) v.set(i, x[m * matrix + r * row + c + i]);
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

// One pass over x writes one or two copies; a block of threads handles one 128 x 128 tile at a time. If validRows is given, rows at or beyond *validRows are
// neither read nor written, and do not affect scales. Traffic for x (98304, 2048) in bf16, to 1 x 128 blocks for a product and to 128 x 1 blocks for a weight
// gradient: 403 MB read; 201 MB of numbers and 6 MB of scales written for each copy: 0.19 ms at 4274 GB/s. Two passes would move 1,221 MB.
// SQUARES: blocks are 128 x 128; otherwise 1 x 128 or 128 x 1.
template <bool SQUARES, typename From>
__device__ __forceinline__ void tiles(const From& x, long long matrices, long long rows, long long columns, const int* validRows, const Copy& first, const Copy& second) {
    __shared__ Scratch<typename From::Element> scratch;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const long long limit = validRows == nullptr ? rows : max(0ll, min((long long)*validRows, rows));
    const unsigned across = (unsigned)((columns + TILE - 1) / TILE), down = (unsigned)((limit + TILE - 1) / TILE), count = (unsigned)matrices * down * across;
    const bool vectors = x.vectors();
    for (unsigned tile = blockIdx.x; tile < count; tile += gridDim.x) {
        const unsigned line = tile / across, index = line / down;
        const int matrix = (int)index, row = (int)((line - index * down) * TILE), column = (int)((tile - line * across) * TILE);  // addresses have 64 bits
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
        if constexpr (SQUARES) writeSquare(v, first, second, matrix, row, column, height, width, scratch);
        else write(v, first, second, matrix, row, column, height, width, scratch);
    }
}

// The readable form, for blocks of any extents: one warp per block. Element (row, column) of the numbers is at row * row stride + column * column stride.
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

// x = number * scale, rounded once; one thread per element. Traffic: 1 byte read and 2 or 4 written for each element.
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

// Kernel parameters that describe a Copy, and the Copy made of them.
#define SCALED_COPY(name)                                                                                                                                      \
    unsigned char *name, long long name##Matrix, long long name##Row, long long name##Column, float *name##Scales, long long name##ScalesMatrix,              \
        long long name##ScalesRow, long long name##ScalesColumn
#define COPY_OF(name, block) \
    { name, name##Matrix, name##Row, name##Column, name##Scales, name##ScalesMatrix, name##ScalesRow, name##ScalesColumn, block }
#endif
