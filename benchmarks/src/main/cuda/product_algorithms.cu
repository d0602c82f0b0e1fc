// Measures which of cuBLASLt's algorithms is the fastest for the dense products of a training step while the GPU runs at its power limit: then the time of a
// product is its energy divided by that limit. A stand-alone program; benchmarks/2026-11-30-products-under-the-power-limit.md has results.
//
//   nvcc -O3 -std=c++17 -arch=sm_90a -o product_algorithms benchmarks/src/main/cuda/product_algorithms.cu -lcublasLt
//   ./product_algorithms SHAPES TILES DEVICE MS ROUNDS SMS PART PARTS
//   ./product_algorithms step all 0 110 2              each of the first 8 algorithms, for all shapes of a step
//   ./product_algorithms step 201,29 0 200 6 100       the first algorithm and those of these tiles, in turns, on at most 100 multiprocessors (0: all)
//   ./product_algorithms short 201,29 1 200 6 0 1 2    further shapes, of which every second one from the second on: two GPUs share the work
//
// An algorithm runs back to back for MS milliseconds, after half of that to warm up. Numbers are random bf16. The library is column-major: a forward product
// is (out, tokens, in) with transposition T, N, an input gradient (in, tokens, out) with N, N, a weight gradient (in, out, tokens) with N, T into fp32.
#include <cublasLt.h>
#include <cuda_bf16.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#define CHECK(call)                                                                    \
  do {                                                                                 \
    int error = static_cast<int>(call);                                                \
    if (error != 0) {                                                                  \
      std::fprintf(stderr, "%s:%d: %s: %d\n", __FILE__, __LINE__, #call, error);       \
      std::exit(2);                                                                    \
    }                                                                                  \
  } while (0)

constexpr int CANDIDATES = 8;  // the environment variable COUNT overrides it
constexpr int MOST_CANDIDATES = 32;
constexpr size_t WORKSPACE = 32 << 20;
constexpr size_t OPERAND = 512ull << 20;   // elements
constexpr size_t RESULT = 1300ull << 20;   // bytes

__global__ void fill_random(__nv_bfloat16* p, size_t n, unsigned seed, float scale) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) {
    unsigned long long z = (i + 1) * 0x9E3779B97F4A7C15ull + seed;
    float sum = 0;
    for (int k = 0; k < 4; k++) {
      z ^= z >> 30;
      z *= 0xBF58476D1CE4E5B9ull;
      z ^= z >> 27;
      sum += (float)(z >> 40) * (1.f / 16777216.f) - 0.5f;
    }
    p[i] = __float2bfloat16(sum * scale);
  }
}

__global__ void count_different(const unsigned* a, const unsigned* b, size_t n, unsigned long long* count) {
  unsigned long long own = 0;
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) own += a[i] != b[i];
  if (own) atomicAdd(count, own);
}

enum Kind { Y, DX, DW };  // forward, input gradient, weight gradient
struct Shape {
  const char* name;
  Kind kind;
  long out, in, tokens;
  int beta;
  double each;  // times in a step of four layers of the 16B model; 0 for shapes of other models
};

static std::vector<Shape> shapes(bool step) {
  std::vector<Shape> all;
  auto linear = [&](const char* name, long out, long in, double each, int beta = 0, long tokens = 16384) {
    all.push_back({name, Y, out, in, tokens, 0, each});
    all.push_back({name, DX, out, in, tokens, beta, each});
    all.push_back({name, DW, out, in, tokens, tokens < 16384 ? 1 : 0, each});
  };
  auto forward = [&](const char* name, long out, long in, long tokens) { all.push_back({name, Y, out, in, tokens, 0, 0}); };
  auto gradient = [&](const char* name, long out, long in, long tokens) { all.push_back({name, DX, out, in, tokens, 0, 0}); };
  if (step) {
    linear("head", 102400, 2048, 4, 0, 4096);
    linear("ffn-up", 21888, 2048, 1);
    linear("ffn-down", 2048, 10944, 1);
    linear("shared-up", 5632, 2048, 3);
    linear("shared-down", 2048, 2816, 3);
    linear("q", 3072, 2048, 4, 1);
    linear("o", 2048, 2048, 4);
    linear("kv_b", 4096, 512, 4);
    linear("kv_a", 576, 2048, 4);
    linear("qwen-head", 151936, 2048, 0, 0, 3277);
    linear("qwen-q", 4096, 2048, 0);
    linear("qwen-o", 2048, 4096, 0);
    linear("qwen-kv", 512, 2048, 0, 1);
    return all;
  }
  // Those of at most 2048 terms, with other numbers of tokens, of DeepSeek-V3, and some of more terms.
  forward("kv_b", 4096, 512, 16384);
  forward("q", 3072, 2048, 16384);
  forward("qwen-q", 4096, 2048, 16384);
  forward("shared-up", 5632, 2048, 16384);
  forward("ffn-up", 21888, 2048, 16384);
  forward("head", 102400, 2048, 4096);
  forward("qwen-head", 151936, 2048, 3277);
  gradient("kv_a", 576, 2048, 16384);
  gradient("qwen-kv", 512, 2048, 16384);
  gradient("qwen-o", 2048, 4096, 16384);
  gradient("ffn-down", 2048, 10944, 16384);
  forward("kv_b-4k", 4096, 512, 4096);
  forward("q-4k", 3072, 2048, 4096);
  forward("shared-4k", 5632, 2048, 4096);
  forward("ffn-up-4k", 21888, 2048, 4096);
  forward("shared-32k", 5632, 2048, 32768);
  forward("v3-q_b", 24576, 1536, 8192);
  forward("v3-kv_b", 32768, 512, 8192);
  forward("v3-down", 7168, 2048, 8192);
  gradient("v3-q_a", 1536, 7168, 8192);
  gradient("v3-kv_a", 576, 7168, 8192);
  forward("long-3k", 8192, 3072, 16384);
  forward("long-4k", 8192, 4096, 16384);
  all.push_back({"ffn-up", DW, 21888, 2048, 16384, 0, 1});
  all.push_back({"ffn-down", DW, 2048, 10944, 16384, 0, 1});
  return all;
}

struct Product {
  const Shape& shape;
  cublasLtMatmulDesc_t operation;
  cublasLtMatrixLayout_t a, b, c;
  long m, n, k;
  size_t bytes;
  cublasLtMatmulHeuristicResult_t found[MOST_CANDIDATES];
  int count = 0;
};

static int config(const cublasLtMatmulAlgo_t& algo, cublasLtMatmulAlgoConfigAttributes_t attribute) {
  unsigned value = 0;  // some are of 2 bytes
  size_t written = 0;
  cublasLtMatmulAlgoConfigGetAttribute(&algo, attribute, &value, sizeof value, &written);
  if (written == 0) cublasLtMatmulAlgoConfigGetAttribute(&algo, attribute, &value, 2, &written);
  return static_cast<int>(value);
}

static int candidates() {
  const char* count = std::getenv("COUNT");
  return count ? std::min(MOST_CANDIDATES, std::atoi(count)) : CANDIDATES;
}

static Product prepare(cublasLtHandle_t handle, const Shape& s, int sms) {
  Product p{s};
  cublasOperation_t ta = s.kind == Y ? CUBLAS_OP_T : CUBLAS_OP_N, tb = s.kind == DW ? CUBLAS_OP_T : CUBLAS_OP_N;
  p.m = s.kind == Y ? s.out : s.in;
  p.n = s.kind == DW ? s.out : s.tokens;
  p.k = s.kind == Y ? s.in : s.kind == DX ? s.out : s.tokens;
  p.bytes = p.m * p.n * (s.kind == DW ? 4 : 2);
  CHECK(cublasLtMatmulDescCreate(&p.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  CHECK(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSA, &ta, sizeof ta));
  CHECK(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSB, &tb, sizeof tb));
  bool at = ta == CUBLAS_OP_T, bt = tb == CUBLAS_OP_T;
  CHECK(cublasLtMatrixLayoutCreate(&p.a, CUDA_R_16BF, at ? p.k : p.m, at ? p.m : p.k, at ? p.k : p.m));
  CHECK(cublasLtMatrixLayoutCreate(&p.b, CUDA_R_16BF, bt ? p.n : p.k, bt ? p.k : p.n, bt ? p.n : p.k));
  CHECK(cublasLtMatrixLayoutCreate(&p.c, s.kind == DW ? CUDA_R_32F : CUDA_R_16BF, p.m, p.n, p.m));
  cublasLtMatmulPreference_t preference;
  CHECK(cublasLtMatmulPreferenceCreate(&preference));
  CHECK(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &WORKSPACE, sizeof WORKSPACE));
  CHECK(cublasLtMatmulAlgoGetHeuristic(handle, p.operation, p.a, p.b, p.c, p.c, preference, candidates(), p.found, &p.count));
  // As the product does: the algorithm is chosen for all multiprocessors.
  if (sms > 0) CHECK(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET, &sms, sizeof sms));
  return p;
}

struct Bench {
  cublasLtHandle_t handle;
  __nv_bfloat16 *a, *b;
  char *first, *other;
  void* workspace;
  unsigned long long* count;
  cudaStream_t stream;
  cudaEvent_t start, stop;
  double ms;

  int run(const Product& p, int algorithm, char* to, float beta) {
    float one = 1;
    return cublasLtMatmul(handle, p.operation, &one, a, p.a, b, p.b, &beta, to, p.c, to, p.c, &p.found[algorithm].algo, workspace, WORKSPACE, stream);
  }

  // How many 4-byte words of the result differ from those of the first algorithm, which comes first.
  unsigned long long different(const Product& p, int algorithm) {
    char* to = algorithm == 0 ? first : other;
    CHECK(cudaMemsetAsync(to, 0x3c, p.bytes, stream));
    CHECK(run(p, algorithm, to, (float)p.shape.beta));
    if (algorithm == 0) return 0;
    unsigned long long result = 0;
    CHECK(cudaMemsetAsync(count, 0, 8, stream));
    count_different<<<1056, 256, 0, stream>>>((unsigned*)first, (unsigned*)other, p.bytes / 4, count);
    CHECK(cudaMemcpyAsync(&result, count, 8, cudaMemcpyDeviceToHost, stream));
    CHECK(cudaStreamSynchronize(stream));
    return result;
  }

  double microseconds(const Product& p, int algorithm) {
    double flops = 2.0 * p.m * p.n * p.k, moved = 2.0 * (p.m * p.k + p.n * p.k) + p.bytes;
    double about = std::max({flops / 640e12, moved / 4e12, 6e-6});
    int calls = std::max(2, (int)(ms * 1e-3 / about));
    for (int i = 0; i < calls / 2; i++) CHECK(run(p, algorithm, other, (float)p.shape.beta));
    CHECK(cudaEventRecord(start, stream));
    for (int i = 0; i < calls; i++) CHECK(run(p, algorithm, other, (float)p.shape.beta));
    CHECK(cudaEventRecord(stop, stream));
    CHECK(cudaStreamSynchronize(stream));
    float took;
    CHECK(cudaEventElapsedTime(&took, start, stop));
    return took * 1e3 / calls;
  }
};

static const char* KINDS[] = {"y", "dx", "dw"};

// The first algorithm, and others: all, or the best placed one of each tile of a list such as "201,29".
static std::vector<int> tried(const Product& p, const std::string& tiles) {
  std::vector<int> result;
  for (int i = 0; i < p.count; i++) {
    if (i == 0 || tiles == "all") result.push_back(i);
  }
  for (size_t at = 0; tiles != "all" && at < tiles.size(); at = tiles.find(',', at) == std::string::npos ? tiles.size() : tiles.find(',', at) + 1) {
    int tile = std::atoi(tiles.c_str() + at);
    for (int i = 0; i < p.count; i++) {
      if (config(p.found[i].algo, CUBLASLT_ALGO_CONFIG_TILE_ID) != tile) continue;
      if (i > 0) result.push_back(i);
      break;
    }
  }
  return result;
}

static void print(const Product& p, int i, const std::vector<double>& times, unsigned long long different) {
  const cublasLtMatmulHeuristicResult_t& found = p.found[i];
  auto of = [&](cublasLtMatmulAlgoConfigAttributes_t attribute) { return config(found.algo, attribute); };
  std::printf("%-11s %-2s %6ld %6ld %6ld beta %d x%.0f algo %d id %d", p.shape.name, KINDS[p.shape.kind], p.m, p.n, p.k, p.shape.beta, p.shape.each, i,
              of(CUBLASLT_ALGO_CONFIG_ID));
  std::printf(" tile %3d stages %d cluster %d swizzle %d option %d", of(CUBLASLT_ALGO_CONFIG_TILE_ID), of(CUBLASLT_ALGO_CONFIG_STAGES_ID),
              of(CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID), of(CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING), of(CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION));
  std::printf(" split %d scheme %d workspace %zu waves %.2f different %llu us", of(CUBLASLT_ALGO_CONFIG_SPLITK_NUM),
              of(CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME), found.workspaceSize, found.wavesCount, different);
  for (double t : times) std::printf(" %.1f", t);
  std::printf("\n");
  std::fflush(stdout);
}

int main(int argc, char** argv) {
  std::string set = argc > 1 ? argv[1] : "step", tiles = argc > 2 ? argv[2] : "all";
  auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  CHECK(cudaSetDevice(number(3, 0)));
  Bench bench{};
  bench.ms = number(4, 200);
  CHECK(cublasLtCreate(&bench.handle));
  CHECK(cudaMalloc(&bench.a, OPERAND * 2));
  CHECK(cudaMalloc(&bench.b, OPERAND * 2));
  CHECK(cudaMalloc(&bench.first, RESULT));
  CHECK(cudaMalloc(&bench.other, RESULT));
  CHECK(cudaMalloc(&bench.workspace, WORKSPACE));
  CHECK(cudaMalloc(&bench.count, 8));
  CHECK(cudaStreamCreate(&bench.stream));
  CHECK(cudaEventCreate(&bench.start));
  CHECK(cudaEventCreate(&bench.stop));
  fill_random<<<2112, 256>>>(bench.a, OPERAND, 1, 1.f);
  fill_random<<<2112, 256>>>(bench.b, OPERAND, 77, 0.5f);
  CHECK(cudaDeviceSynchronize());
  std::printf("cublasLt %zu\n", cublasLtGetVersion());
  std::vector<Shape> all = shapes(set == "step");
  for (size_t s = number(7, 0); s < all.size(); s += number(8, 1)) {
    Product p = prepare(bench.handle, all[s], number(6, 0));
    std::vector<int> algorithms = tried(p, tiles);
    if (tiles != "all" && algorithms.size() < 2) continue;
    std::vector<std::vector<double>> times(algorithms.size());
    std::vector<unsigned long long> different;
    for (int i : algorithms) different.push_back(bench.different(p, i));
    // Alternately forwards and backwards, so that a drifting clock does not favour any algorithm.
    for (int round = 0; round < number(5, 2); round++) {
      for (size_t j = 0; j < algorithms.size(); j++) {
        size_t at = round % 2 ? algorithms.size() - 1 - j : j;
        times[at].push_back(bench.microseconds(p, algorithms[at]));
      }
    }
    for (size_t j = 0; j < algorithms.size(); j++) print(p, algorithms[j], times[j], different[j]);
  }
}
