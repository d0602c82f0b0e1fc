// Products of e4m3 numbers with scales, compared with products of bf16: results are checked against sums in double, then each is timed. A stand-alone program.
//
//   S="-I benchmarks/src/main/cuda -I kernels-swiglu/src/main/cuda -I runtime-cuda/src/main/cuda -I build-support/cuda"
//   nvcc -O3 -std=c++17 -arch=sm_90a -cubin $S -o f8_products.cubin benchmarks/src/main/cuda/f8_products_kernels.cu
//   nvcc -O3 -std=c++17 -o f8_products benchmarks/src/main/cuda/f8_products.cu -ldl
//   ./f8_products f8_products.cubin            # half a minute on an H200; exit code 1 if a result is wrong
#include <cuda.h>
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#define CHECK(call)                                                                                          \
    do {                                                                                                     \
        cudaError_t error = (call);                                                                          \
        if (error != cudaSuccess) {                                                                          \
            std::printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(error));            \
            std::exit(2);                                                                                    \
        }                                                                                                    \
    } while (0)

static void* driver(const char* name) {
    static void* library = dlopen("libcuda.so.1", RTLD_NOW);
    void* function = library ? dlsym(library, name) : nullptr;
    if (!function) {
        std::printf("libcuda.so.1 has no %s\n", name);
        std::exit(2);
    }
    return function;
}
#define DRIVER(name) reinterpret_cast<decltype(&name)>(driver(#name))
static void must(CUresult result, const char* what) {
    if (result != CUDA_SUCCESS) {
        std::printf("%s failed with driver error %d\n", what, (int)result);
        std::exit(2);
    }
}

static CUmodule module;
static int multiprocessors;
static int failures;
static float spread = 60;  // of random e4m3 numbers; 0: all numbers are 0, which takes less power

static CUfunction kernel(const std::string& name) {
    CUfunction function;
    must(DRIVER(cuModuleGetFunction)(&function, module, name.c_str()), name.c_str());
    return function;
}

template <typename... A>
static void launch(CUfunction function, int blocks, int threads, int shared, A... arguments) {
    static auto start = reinterpret_cast<decltype(&cuLaunchKernel)>(driver("cuLaunchKernel"));
    void* pointers[] = {&arguments...};
    must(start(function, blocks, 1, 1, threads, 1, 1, shared, nullptr, pointers, nullptr), "launch");
}

template <typename T>
static T* allocate(size_t count) {
    T* p;
    CHECK(cudaMalloc(&p, std::max<size_t>(count, 1) * sizeof(T)));
    return p;
}

// (matrices, rows, columns), rows dense; a box of 128 bytes by boxRows.
static CUtensorMap map(const void* p, bool narrow, uint64_t matrices, uint64_t rows, uint64_t columns, uint32_t boxRows) {
    CUtensorMap result;
    const uint64_t size = narrow ? 1 : 2, extents[] = {columns, rows, matrices}, strides[] = {columns * size, rows * columns * size};
    const uint32_t box[] = {(uint32_t)(128 / size), boxRows, 1}, ones[] = {1, 1, 1};
    must(DRIVER(cuTensorMapEncodeTiled)(&result, narrow ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, matrices > 0 ? 3 : 2, const_cast<void*>(p), extents,
                                        strides, box, ones, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                                        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
         "cuTensorMapEncodeTiled");
    return result;
}

static double milliseconds(const std::function<void()>& work, int times) {
    cudaEvent_t from, to;
    CHECK(cudaEventCreate(&from));
    CHECK(cudaEventCreate(&to));
    for (int i = 0; i < 3; i++) work();
    CHECK(cudaEventRecord(from));
    for (int i = 0; i < times; i++) work();
    CHECK(cudaEventRecord(to));
    CHECK(cudaDeviceSynchronize());
    float ms;
    CHECK(cudaEventElapsedTime(&ms, from, to));
    return ms / times;
}

// As in scaled_sum.cuh.
struct Operand {
    const unsigned char* numbers;
    long long outerStride, innerStride;
    const float* scales;
    long long outerScales, innerScales, outerBlock, innerBlock;
};

static long long up(long long n, long long d) { return (n + d - 1) / d; }

static const int SHARED_F8 = 192 * 1024 + 16 * 1024 + 8 * 1024, SHARED_BF16 = 4 * 48 * 1024 + 16 * 1024 + 64 + 1024;

static CUfunction hopper(const std::string& name, int shared) {
    CUfunction function = kernel(name);
    must(DRIVER(cuFuncSetAttribute)(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared), "shared memory");
    return function;
}

struct Offsets {
    std::vector<int> host;
    int* device;
    int experts, capacity;
    explicit Offsets(std::vector<int> sums, int capacity) : host(sums), device(allocate<int>(sums.size())), experts((int)sums.size()), capacity(capacity) {
        CHECK(cudaMemcpy(device, host.data(), host.size() * 4, cudaMemcpyHostToDevice));
    }
    int rows() const { return host.back(); }
};

static unsigned char* numbers(size_t count, unsigned seed) {
    auto p = allocate<unsigned char>(count);
    launch(kernel("fill_f8"), 1024, 256, 0, p, (long long)count, spread, seed);
    return p;
}
static float* scales(size_t count, unsigned seed) {
    auto p = allocate<float>(count);
    launch(kernel("fill_scales"), 256, 256, 0, p, (long long)count, seed);
    return p;
}

static void report(const std::string& what, Operand a, Operand b, long long bExpert, long long bScalesExpert, const Offsets& o, int columnsProduct, int m, int n, int k, const void* c,
                   int narrow, long long expertStride, long long rowStride, int step, float allowed) {
    unsigned* counts = allocate<unsigned>(4);
    double* sums = allocate<double>(2);
    CHECK(cudaMemset(counts, 0, 16));
    CHECK(cudaMemset(sums, 0, 16));
    launch(kernel("check_product"), 4096, 256, 0, a, b, bExpert, bScalesExpert, (const int*)o.device, o.experts, columnsProduct, m, n, k, c, narrow, expertStride, rowStride, step,
           allowed, counts, sums);
    CHECK(cudaDeviceSynchronize());
    unsigned h[4];
    double s[2];
    CHECK(cudaMemcpy(h, counts, 16, cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(s, sums, 16, cudaMemcpyDeviceToHost));
    float largest;
    std::memcpy(&largest, h, 4);
    std::printf("  %-58s %s  largest error %.3g of the sizes (2^%.1f), rms %.3g, bias %.3g; %u of %u wrong, %u NaN\n", what.c_str(), h[1] ? "WRONG" : "right", largest,
                largest > 0 ? std::log2(largest) : -99, std::sqrt(s[0] / std::max(1u, h[2])), s[1] / std::max(1u, h[2]), h[1], h[2], h[3]);
    std::fflush(stdout);
    failures += h[1] != 0;
    cudaFree(counts);
    cudaFree(sums);
}

// Rows of a tile of the columns product.
static const std::vector<int> tiles = {256, 128};

static void rowsProduct(const std::string& name, const Offsets& o, int n, int k, int step, bool time) {
    const long long ks = up(k, 128), ns = up(n, 128);
    auto x = numbers((size_t)o.capacity * k, 1);
    auto sx = scales(o.capacity * ks, 2);
    auto w = numbers((size_t)o.experts * n * k, 3);
    auto sw = scales(o.experts * ns * ks, 4);
    auto y = allocate<float>((size_t)o.capacity * n);
    const Operand a{x, k, 1, sx, ks, 1, 1, 128}, b{w, k, 1, sw, ks, 1, 128, 128};
    const double work = 2.0 * o.rows() * n * k;
    for (std::string type : {"bf16", "f32"}) {
        const std::string full = "grouped_rows_f8_e4m3_" + type + "_sm90";
        CUfunction f = hopper(full, SHARED_F8);
        const CUtensorMap ma = map(x, true, 0, o.capacity, k, 128), mb = map(w, true, o.experts, n, k, 128);
        auto run = [&] {
            launch(f, multiprocessors, 384, SHARED_F8, ma, mb, (const int*)o.device, o.experts, n, k, (long long)o.capacity, (const float*)sx, (int)ks, 1, (const float*)sw, (int)ks, 1,
                   (int)(ns * ks), (void*)y, (long long)n);
        };
        CHECK(cudaMemset(y, 0xFF, (size_t)o.capacity * n * 4));
        run();
        CHECK(cudaDeviceSynchronize());
        report(name + " " + type, a, b, (long long)n * k, ns * ks, o, 0, 0, n, k, y, type == "bf16", 0, n, step, 0.002f);
        if (time) {
            double ms = milliseconds(run, 10);
            std::printf("    %-40s %8.1f us %8.1f TFLOP/s\n", full.c_str(), ms * 1000, work / ms / 1e9);
        }
    }
    if (o.capacity < 3000) {
        CHECK(cudaMemset(y, 0xFF, (size_t)o.capacity * n * 4));
        launch(kernel("grouped_forward_f8_e4m3_f32"), 512, 256, 0, (const void*)x, (long long)k, 1ll, (const void*)sx, ks, 1ll, 1ll, 128ll, (const void*)w, (long long)k, 1ll, (const void*)sw,
               ks, 1ll, 128ll, 128ll, (long long)n * k, ns * ks, (const int*)o.device, o.experts, n, k, (long long)o.capacity, (void*)y, (long long)n);
        report(name + " f32 readable", a, b, (long long)n * k, ns * ks, o, 0, 0, n, k, y, 0, 0, n, step, 1e-5f);
    }
    for (void* p : {(void*)x, (void*)sx, (void*)w, (void*)sw, (void*)y}) cudaFree(p);
}

// dy (R, m) and x (R, n) by columns: stored (m, R) and (n, R), scales (R / 128, m) and (R / 128, n).
static void columnsProduct(const std::string& name, const Offsets& o, int m, int n, int step, bool time) {
    const long long slices = up(o.capacity, 128);
    auto dy = numbers((size_t)o.capacity * m, 5);
    auto sy = scales(slices * m, 6);
    auto x = numbers((size_t)o.capacity * n, 7);
    auto sx = scales(slices * n, 8);
    auto dw = allocate<float>((size_t)o.experts * m * n);
    // NaN in the rows that are not valid.
    for (int i = 0; i < m; i += 7) CHECK(cudaMemset(dy + (size_t)i * o.capacity + o.rows(), 0x7F, o.capacity - o.rows()));
    for (int i = 0; i < n; i += 5) CHECK(cudaMemset(x + (size_t)i * o.capacity + o.rows(), 0x7F, o.capacity - o.rows()));
    const Operand a{dy, o.capacity, 1, sy, 1, m, 1, 128}, b{x, o.capacity, 1, sx, 1, n, 1, 128};
    const double work = 2.0 * o.rows() * m * n;
    for (std::string type : {"f32", "bf16"}) {
        for (const int bm : tiles) {
            const std::string shape = std::to_string(bm), full = "grouped_columns_f8_e4m3_" + type + "_sm90_" + shape;
            CUfunction f = hopper(full, SHARED_F8);
            const CUtensorMap ma = map(dy, true, 0, m, o.capacity, bm), mb = map(x, true, 0, n, o.capacity, 128);
            auto run = [&](int accumulate) {
                launch(f, multiprocessors, 384, SHARED_F8, ma, mb, (const int*)o.device, o.experts, m, n, (long long)o.capacity, (const float*)sy, 1, m, (const float*)sx, n, (void*)dw,
                       (long long)m * n, (long long)n, accumulate);
            };
            CHECK(cudaMemset(dw, 0xFF, (size_t)o.experts * m * n * 4));
            run(0);
            CHECK(cudaDeviceSynchronize());
            report(name + " " + type + " " + shape, a, b, 0, 0, o, 1, m, n, 0, dw, type == "bf16", (long long)m * n, n, step, 0.002f);
            if (time) {
                for (int accumulate : {0, 1}) {
                    double ms = milliseconds([&] { run(accumulate); }, 10);
                    std::printf("    %-40s %8.1f us %8.1f TFLOP/s%s\n", full.c_str(), ms * 1000, work / ms / 1e9, accumulate ? ", added" : "");
                }
            }
        }
    }
    if (o.capacity < 3000) {
        CHECK(cudaMemset(dw, 0xFF, (size_t)o.experts * m * n * 4));
        launch(kernel("grouped_weight_gradient_f8_e4m3_f32"), 512, 256, 0, (const void*)dy, 1ll, (long long)o.capacity, (const void*)sy, (long long)m, 1ll, 128ll, 1ll, (const void*)x, 1ll,
               (long long)o.capacity, (const void*)sx, (long long)n, 1ll, 128ll, 1ll, (const int*)o.device, o.experts, m, n, (long long)o.capacity, (void*)dw, (long long)m * n,
               (long long)n, 0);
        report(name + " f32 readable", a, b, 0, 0, o, 1, m, n, 0, dw, 0, (long long)m * n, n, step, 1e-5f);
    }
    for (void* p : {(void*)dy, (void*)sy, (void*)x, (void*)sx, (void*)dw}) cudaFree(p);
}

static void bf16Products(const std::string& name, const Offsets& o, int outputs, int inputs) {
    typedef uint16_t half;
    auto x = allocate<half>((size_t)o.capacity * inputs), y = allocate<half>((size_t)o.capacity * outputs), w = allocate<half>((size_t)o.experts * outputs * inputs);
    auto dw = allocate<float>((size_t)o.experts * outputs * inputs);
    CUfunction fill = kernel("fill_bf16");
    launch(fill, 1024, 256, 0, x, (long long)o.capacity * inputs, 1.f, 1u);
    launch(fill, 1024, 256, 0, w, (long long)o.experts * outputs * inputs, 0.02f, 2u);
    launch(fill, 1024, 256, 0, y, (long long)o.capacity * outputs, 1.f, 3u);
    const double work = 2.0 * o.rows() * outputs * inputs;
    auto tile = [](int columns) { return up(columns, 128) * 128 < up(columns, 256) * 256 ? std::make_pair(256, 128) : std::make_pair(128, 256); };
    auto time = [&](const char* what, CUfunction f, const std::function<void()>& run) {
        double ms = milliseconds(run, 10);
        std::printf("    %s %-34s %8.1f us %8.1f TFLOP/s\n", name.c_str(), what, ms * 1000, work / ms / 1e9);
    };
    auto suffix = [](std::pair<int, int> t) { return "_sm90_" + std::to_string(t.first) + "x" + std::to_string(t.second); };
    {
        auto t = tile(outputs);
        CUfunction f = hopper("grouped_forward_bf16" + suffix(t), SHARED_BF16);
        CUtensorMap a = map(x, false, 0, o.capacity, inputs, t.first), b = map(w, false, o.experts, outputs, inputs, t.second);
        time("bf16 forward", f, [&] { launch(f, multiprocessors, 384, SHARED_BF16, a, b, (const int*)o.device, o.experts, outputs, inputs, (long long)o.capacity, (void*)y, (long long)outputs, 0); });
    }
    {
        auto t = tile(inputs);
        CUfunction f = hopper("grouped_input_gradient_bf16" + suffix(t), SHARED_BF16);
        CUtensorMap a = map(y, false, 0, o.capacity, outputs, t.first), b = map(w, false, o.experts, outputs, inputs, 64);
        time("bf16 input gradient", f, [&] { launch(f, multiprocessors, 384, SHARED_BF16, a, b, (const int*)o.device, o.experts, outputs, inputs, (long long)o.capacity, (void*)x, (long long)inputs, 0); });
    }
    {
        auto t = tile(inputs);
        CUfunction f = hopper("grouped_weight_gradient_bf16_f32" + suffix(t), SHARED_BF16);
        CUtensorMap a = map(y, false, 0, o.capacity, outputs, 64), b = map(x, false, 0, o.capacity, inputs, 64);
        time("bf16 weight gradient, added", f, [&] {
            launch(f, multiprocessors, 384, SHARED_BF16, a, b, (const int*)o.device, o.experts, outputs, inputs, (long long)o.capacity, (void*)dw, (long long)outputs * inputs, (long long)inputs, 1);
        });
    }
    for (void* p : {(void*)x, (void*)y, (void*)w, (void*)dw}) cudaFree(p);
}

// How many bits of small terms the tensor cores keep beside a large term: y = 2^16 + 127 * 2^e, where all scales are 1.
static void precision() {
    const int rows = 128, n = 128, k = 128;
    std::vector<unsigned char> hx(rows * k), hw(n * k);
    std::vector<float> ones(rows, 1.f);
    std::printf("what is kept of 127 terms of 2^e beside one of 65536 (first in the run; last in the run), and without it:\n");
    for (int r = 0; r < rows; r++) {
        const int e = r % 32 - 9;  // 2^-9 .. ; e4m3 has 2^-9 .. 2^8
        for (int t = 0; t < k; t++) {
            const int exponent = std::min(e, 8);
            const unsigned char small = exponent < -6 ? 1 << (exponent + 9) : (exponent + 7) << 3;
            hx[r * k + t] = small;
        }
        if (r / 32 == 0) hx[r * k] = 15 << 3;            // 256
        if (r / 32 == 1) hx[r * k + k - 1] = 15 << 3;
    }
    for (int c = 0; c < n; c++)
        for (int t = 0; t < k; t++) hw[c * k + t] = (c == 0 && t == 0) || (c == 1 && t == k - 1) ? 15 << 3 : 7 << 3;
    auto x = allocate<unsigned char>(rows * k), w = allocate<unsigned char>(n * k);
    auto one = allocate<float>(rows), y = allocate<float>(rows * n);
    CHECK(cudaMemcpy(x, hx.data(), hx.size(), cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(w, hw.data(), hw.size(), cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(one, ones.data(), rows * 4, cudaMemcpyHostToDevice));
    Offsets o({rows}, rows);
    CUfunction f = hopper("grouped_rows_f8_e4m3_f32_sm90", SHARED_F8);
    launch(f, multiprocessors, 384, SHARED_F8, map(x, true, 0, rows, k, 128), map(w, true, 1, n, k, 128), (const int*)o.device, 1, n, k, (long long)rows, (const float*)one, 1, 1,
           (const float*)one, 1, 1, 1, (void*)y, (long long)n);
    CHECK(cudaDeviceSynchronize());
    std::vector<float> h(rows * n);
    CHECK(cudaMemcpy(h.data(), y, h.size() * 4, cudaMemcpyDeviceToHost));
    for (int e = -9; e <= 8; e++) {
        const int r = e + 9;
        std::printf("  2^%-3d exact %12.6f  first %12.6f  last %12.6f  alone (128 terms, exact %g) %12.6f\n", e, 127 * std::ldexp(1., e), h[r * n] - 65536, h[(32 + r) * n + 1] - 65536,
                    128 * std::ldexp(1., e), h[(64 + r) * n + 2]);
    }
}

// io.moe4j.api.tensor.Float8.round.
static unsigned char roundF8(float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    const unsigned sign = bits >> 24 & 0x80;
    const float size = std::fabs(v);
    if (std::isnan(v)) return 0x7F;
    if (size >= 448) return sign | 0x7E;
    if (size < 0x1p-6f) return sign | (int)std::rint(size / 0x1p-9f);
    std::memcpy(&bits, &size, 4);
    const uint32_t rounded = bits + 0x7FFFF + (bits >> 20 & 1);
    return sign | std::min<int>((int)(rounded >> 20) - ((127 - 7) << 3), 0x7E);
}

// As in scaling.cu.
struct Copy {
    unsigned char* numbers;
    long long matrix, row, column;
    float* scales;
    long long scalesMatrix, scalesRow, scalesColumn;
    int block;
};
enum { NONE, ROW, COLUMN, SQUARE };
static Copy copyOf(int block, bool turned, long long matrices, long long rows, long long columns) {
    const long long br = block == ROW ? 1 : 128, bc = block == COLUMN ? 1 : 128, sr = up(rows, br), sc = up(columns, bc);
    Copy c{allocate<unsigned char>(matrices * rows * columns), rows * columns, turned ? 1 : columns, turned ? rows : 1, allocate<float>(matrices * sr * sc), sr * sc, sc, 1, block};
    CHECK(cudaMemset(c.numbers, 0xAA, matrices * rows * columns));
    CHECK(cudaMemset(c.scales, 0xAA, matrices * sr * sc * 4));
    return c;
}
static void quantize(const std::string& type, const void* x, long long matrices, long long rows, long long columns, const int* valid, Copy a, Copy b) {
    const int blocks = (int)std::min<long long>(matrices * up(rows, 128) * up(columns, 128), 16 * multiprocessors);
    if (valid) {
        launch(kernel("quantize_row_tiles_" + type + "_f8_e4m3"), blocks, 256, 0, x, columns, valid, rows, columns, a.numbers, a.matrix, a.row, a.column, a.scales, a.scalesMatrix, a.scalesRow,
               a.scalesColumn, a.block, b.numbers, b.matrix, b.row, b.column, b.scales, b.scalesMatrix, b.scalesRow, b.scalesColumn, b.block);
    } else {
        launch(kernel((a.block == SQUARE || b.block == SQUARE ? "quantize_squares_" : "quantize_tiles_") + type), blocks, 256, 0, x, rows * columns, columns, matrices, rows, columns, a.numbers, a.matrix, a.row, a.column, a.scales, a.scalesMatrix,
               a.scalesRow, a.scalesColumn, a.block, b.numbers, b.matrix, b.row, b.column, b.scales, b.scalesMatrix, b.scalesRow, b.scalesColumn, b.block);
    }
}
// Rows with a scale for each 1 x 128.
static void quantizeAgain(const Copy& x, long long rows, long long columns, const int* valid, Copy a, Copy b) {
    launch(kernel("quantize_row_tiles_f8_e4m3_f8_e4m3"), multiprocessors, 256, 0, x.numbers, x.row, x.scales, x.scalesRow, valid, rows, columns, a.numbers, a.matrix, a.row, a.column, a.scales,
           a.scalesMatrix, a.scalesRow, a.scalesColumn, a.block, b.numbers, b.matrix, b.row, b.column, b.scales, b.scalesMatrix, b.scalesRow, b.scalesColumn, b.block);
}
// io.moe4j.api.tensor.Float8.widen.
static float widen(unsigned char bits) {
    const int exponent = bits >> 3 & 0xF, fraction = bits & 7;
    if ((bits & 0x7F) == 0x7F) return NAN;
    const float size = exponent == 0 ? fraction * 0x1p-9f : std::ldexp(1.f + fraction / 8.f, exponent - 7);
    return bits & 0x80 ? -size : size;
}
static std::vector<float> widened(const Copy& c, long long rows, long long columns) {
    std::vector<unsigned char> n(rows * columns);
    std::vector<float> s(rows * c.scalesRow), x(rows * columns);
    CHECK(cudaMemcpy(n.data(), c.numbers, n.size(), cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(s.data(), c.scales, s.size() * 4, cudaMemcpyDeviceToHost));
    for (long long r = 0; r < rows; r++)
        for (long long q = 0; q < columns; q++) x[r * columns + q] = widen(n[r * columns + q]) * s[r * c.scalesRow + q / 128];
    return x;
}
static void compareCopy(const char* what, const std::vector<float>& x, const Copy& c, long long matrices, long long rows, long long columns, long long valid) {
    const long long br = c.block == ROW ? 1 : 128, bc = c.block == COLUMN ? 1 : 128, sr = up(rows, br), sc = up(columns, bc);
    std::vector<unsigned char> n(matrices * rows * columns);
    std::vector<float> s(matrices * sr * sc);
    CHECK(cudaMemcpy(n.data(), c.numbers, n.size(), cudaMemcpyDeviceToHost));
    CHECK(cudaMemcpy(s.data(), c.scales, s.size() * 4, cudaMemcpyDeviceToHost));
    long long wrongScales = 0, wrongNumbers = 0, shown = 0;
    for (long long m = 0; m < matrices; m++)
        for (long long i = 0; i < sr; i++)
            for (long long j = 0; j < sc; j++) {
                if (i * br >= valid) continue;
                float largest = 0;
                for (long long r = i * br; r < std::min((i + 1) * br, valid); r++)
                    for (long long q = j * bc; q < std::min((j + 1) * bc, columns); q++) {
                        const float size = std::fabs(x[(m * rows + r) * columns + q]);
                        if (std::isnan(size) || size > largest) largest = std::isnan(largest) ? largest : size;
                    }
                float scale = largest / 448.f;
                if (scale < 0x1p-126f) scale = 0x1p-126f;
                const float actual = s[m * sr * sc + i * sc + j];
                if (!(actual == scale || (std::isnan(actual) && std::isnan(scale)))) {
                    wrongScales++;
                    if (shown++ < 4) std::printf("    scale %lld %lld %lld: %g instead of %g\n", m, i, j, actual, scale);
                }
                for (long long r = i * br; r < std::min((i + 1) * br, rows); r++)
                    for (long long q = j * bc; q < std::min((j + 1) * bc, columns); q++) {
                        const float v = x[(m * rows + r) * columns + q];
                        const unsigned char expected = r < valid ? roundF8(v / scale) : 0xAA, number = n[m * c.matrix + r * c.row + q * c.column];
                        if (expected != number) {
                            wrongNumbers++;
                            if (shown++ < 8) std::printf("    number %lld %lld %lld of %g, scale %g: %02x instead of %02x\n", m, r, q, v, scale, number, expected);
                        }
                    }
            }
    std::printf("  quantize %-44s %s: %lld scales and %lld numbers differ of %zu and %zu\n", what, wrongScales + wrongNumbers ? "WRONG" : "right", wrongScales, wrongNumbers, s.size(), n.size());
    failures += wrongScales + wrongNumbers != 0;
}

static void quantizing() {
    for (bool narrow : {false, true}) {
        for (auto shape : std::vector<std::vector<long long>>{{1, 300, 520}, {1, 1000, 2048}, {3, 130, 7}, {2, 256, 384}, {1, 5, 300}}) {
            const long long matrices = shape[0], rows = shape[1], columns = shape[2], count = matrices * rows * columns;
            std::vector<float> x(count);
            uint64_t state = 5;
            for (auto& v : x) {
                state = state * 6364136223846793005ull + 1442695040888963407ull;
                v = std::ldexp((float)((int)(state >> 40) - (1 << 23)) / (1 << 23), (int)(state >> 33 & 31) - 16);
                if ((state >> 20 & 0xFF) == 7) v = 0;
                if (narrow) {
                    uint32_t b;
                    std::memcpy(&b, &v, 4);
                    b &= 0xFFFF0000u;
                    std::memcpy(&v, &b, 4);
                }
            }
            for (long long i = 0; i < std::min(count, 700ll); i++) x[i] = i % 2 ? 0.f : -0.f;
            x[count - 1] = NAN;
            x[count / 2] = -INFINITY;
            x[count / 3] = 1e-44f;
            if (narrow) x[count / 3] = 0;
            std::vector<uint16_t> half(count);
            for (long long i = 0; i < count; i++) {
                uint32_t b;
                std::memcpy(&b, &x[i], 4);
                half[i] = b >> 16;
            }
            void* dx = allocate<float>(count);
            CHECK(cudaMemcpy(dx, narrow ? (void*)half.data() : (void*)x.data(), count * (narrow ? 2 : 4), cudaMemcpyHostToDevice));
            const std::string label = std::string(narrow ? "bf16 " : "f32 ") + std::to_string(matrices) + "x" + std::to_string(rows) + "x" + std::to_string(columns);
            for (bool cut : {false, true}) {
                if (cut && matrices > 1) continue;
                const long long valid = cut ? rows - rows / 3 : rows;
                int* v = allocate<int>(1);
                int hv = (int)valid;
                CHECK(cudaMemcpy(v, &hv, 4, cudaMemcpyHostToDevice));
                for (auto pair : std::vector<std::vector<int>>{{ROW, 0, COLUMN, 1}, {SQUARE, 0, SQUARE, 1}, {ROW, 1, COLUMN, 0}}) {
                    if (cut && pair[0] == SQUARE) continue;  // rows of experts have no such blocks
                    Copy a = copyOf(pair[0], pair[1], matrices, rows, columns), b = copyOf(pair[2], pair[3], matrices, rows, columns);
                    quantize(narrow ? "bf16" : "f32", dx, matrices, rows, columns, cut ? v : nullptr, a, b);
                    CHECK(cudaDeviceSynchronize());
                    const char* names[] = {"", " 1x128", " 128x1", " 128x128"};
                    compareCopy((label + names[pair[0]] + (pair[1] ? " turned" : "") + (cut ? " cut" : "")).c_str(), x, a, matrices, rows, columns, valid);
                    compareCopy((label + names[pair[2]] + (pair[3] ? " turned" : "") + (cut ? " cut" : "")).c_str(), x, b, matrices, rows, columns, valid);
                    if (cut && pair[0] == ROW && pair[1] == 0) {
                        Copy c = copyOf(COLUMN, true, 1, rows, columns), d = copyOf(ROW, false, 1, rows, columns);
                        quantizeAgain(a, rows, columns, v, c, d);
                        CHECK(cudaDeviceSynchronize());
                        const std::vector<float> again = widened(a, rows, columns);
                        compareCopy((label + " again 128x1 turned").c_str(), again, c, 1, rows, columns, valid);
                        compareCopy((label + " again 1x128").c_str(), again, d, 1, rows, columns, valid);
                    }
                    for (void* p : {(void*)a.numbers, (void*)a.scales, (void*)b.numbers, (void*)b.scales}) cudaFree(p);
                }
            }
            cudaFree(dx);
        }
    }
    for (auto shape : std::vector<std::vector<long long>>{{1, 98304, 2048}, {1, 98304, 2816}, {16, 2816, 2048}}) {
        const long long matrices = shape[0], rows = shape[1], columns = shape[2], count = matrices * rows * columns;
        auto x = allocate<uint16_t>(count);
        launch(kernel("fill_bf16"), 1024, 256, 0, x, count, 1.f, 1u);
        const bool weights = matrices > 1;
        Copy a = copyOf(weights ? SQUARE : ROW, false, matrices, rows, columns), b = copyOf(weights ? SQUARE : COLUMN, true, matrices, rows, columns);
        Copy none2 = b;
        none2.block = NONE;
        if (weights) b.scales = a.scales;
        Copy only = a;
        only.block = NONE;
        for (int which = 0; which < 3; which++) {
            const Copy& first = which == 1 ? only : a;
            const Copy& second = which == 0 ? none2 : b;
            double ms = milliseconds([&] { quantize("bf16", x, matrices, rows, columns, nullptr, first, second); }, 10);
            std::printf("    quantize bf16 %lld x %lld x %lld %-22s %8.1f us %8.1f GB/s\n", matrices, rows, columns, which == 0 ? "as it is" : which == 1 ? "turned" : "both in one pass", ms * 1000,
                        (which == 2 ? 4.0 : 3.0) * count / ms / 1e6);
        }
        for (void* p : {(void*)x, (void*)a.numbers, (void*)a.scales, (void*)b.numbers, weights ? nullptr : (void*)b.scales}) cudaFree(p);
    }
}

int main(int count, char** arguments) {
    CHECK(cudaFree(nullptr));
    cudaDeviceProp properties;
    CHECK(cudaGetDeviceProperties(&properties, 0));
    multiprocessors = properties.multiProcessorCount;
    std::printf("%s, %d multiprocessors\n", properties.name, multiprocessors);
    FILE* file = std::fopen(count > 1 ? arguments[1] : "f8_products.cubin", "rb");
    if (!file) {
        std::printf("give the path of f8_products.cubin\n");
        return 2;
    }
    std::vector<char> binary;
    char buffer[65536];
    for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) binary.insert(binary.end(), buffer, buffer + n);
    must(DRIVER(cuModuleLoadData)(&module, binary.data()), "cuModuleLoadData");
    setvbuf(stdout, nullptr, _IOLBF, 0);

    if (count > 2 && std::string(arguments[2]) == "power") {
        Offsets one({16384}, 16384);
        for (float s : {60.f, 0.f, 60.f}) {
            spread = s;
            std::printf("-- spread %g\n", s);
            bf16Products("4096 to 8192", one, 8192, 4096);
            rowsProduct("4096 to 8192", one, 8192, 4096, 9973, true);
            columnsProduct("4096 to 8192", one, 8192, 4096, 9973, true);
        }
        return 0;
    }
    if (count > 2 && std::string(arguments[2]) == "quantize") {
        quantizing();
        return failures ? 1 : 0;
    }
    const bool timeAll = !(count > 2 && std::string(arguments[2]) == "check");
    std::printf("-- rows products\n");
    rowsProduct("plain", Offsets({256}, 256), 128, 128, 1, false);
    rowsProduct("two slices", Offsets({256}, 256), 128, 256, 1, false);
    rowsProduct("odd experts", Offsets({0, 5, 5, 300, 301, 700, 700, 1411}, 1536), 2816, 2048, 1, false);
    rowsProduct("odd extents", Offsets({100, 513, 513, 900}, 1000), 264, 208, 1, false);
    rowsProduct("down", Offsets({77, 513, 513, 900}, 1000), 2048, 1408, 1, false);
    std::printf("-- columns products\n");
    columnsProduct("plain", Offsets({256}, 256), 256, 128, 1, false);
    columnsProduct("one odd expert", Offsets({300}, 320), 256, 128, 1, false);
    columnsProduct("odd experts", Offsets({0, 5, 5, 300, 301, 700, 700, 1411}, 1536), 512, 384, 1, false);
    columnsProduct("odd extents", Offsets({100, 513, 513, 900}, 1008), 264, 208, 1, false);
    std::printf("-- precision\n");
    precision();
    std::printf("-- quantizing\n");
    quantizing();
    if (timeAll) {
        std::vector<int> even, uneven;
        for (int e = 1; e <= 64; e++) even.push_back(e * 1536);
        for (int e = 0, sum = 0; e < 64; e++) uneven.push_back(e == 63 ? 98304 : sum += 1536 + (e % 5 - 2) * 443);
        Offsets balanced(even, 98304), learnt(uneven, 98304);
        std::printf("-- the shapes of the 16B model on one GPU: R 98304, 64 experts, D 2048, F 1408\n");
        bf16Products("gate-up", balanced, 2816, 2048);
        bf16Products("down", balanced, 2048, 1408);
        rowsProduct("gate-up forward", balanced, 2816, 2048, 997, true);
        rowsProduct("down forward", balanced, 2048, 1408, 997, true);
        rowsProduct("gate-up input gradient", balanced, 2048, 2816, 997, true);
        rowsProduct("down input gradient", balanced, 1408, 2048, 997, true);
        columnsProduct("gate-up weight gradient", balanced, 2816, 2048, 997, true);
        columnsProduct("down weight gradient", balanced, 2048, 1408, 997, true);
        std::printf("-- uneven experts\n");
        rowsProduct("gate-up forward", learnt, 2816, 2048, 997, true);
        columnsProduct("gate-up weight gradient", learnt, 2816, 2048, 997, true);
        std::printf("-- dense: one expert, 16384 rows\n");
        Offsets dense({16384}, 16384);
        bf16Products("2048 to 5632", dense, 5632, 2048);
        rowsProduct("2048 to 5632", dense, 5632, 2048, 97, true);
        columnsProduct("2048 to 5632", dense, 5632, 2048, 97, true);
    }
    std::printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
