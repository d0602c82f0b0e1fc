// Measures the cost of a round of an exchange in a captured graph, if it is needed and if it is not: a fixed number of rounds, whose kernels read a counter and
// end at once, against conditional graph nodes (CUDA 12.4 and later), which skip the kernels. A stand-alone program; docs/decisions/0040 gives the purpose.
//
//   nvcc -O3 -std=c++17 -arch=sm_90 -o rounds_conditional benchmarks/src/main/cuda/rounds_conditional.cu
//   ./rounds_conditional            # some seconds; exit code 1 if a result is wrong
//
// A round has the launches of layers/.../ExpertRounds: 9 in forward, 16 in backward, with the grids that the product uses for 16,384 tokens of the 16B model.
// Kernels do little even if they are needed: the program measures the difference between the variants, not the work.
//   fixed   N rounds are recorded; each kernel compares the round with the number of rounds, and ends if nothing is left. Barriers always run.
//   if      N rounds are recorded; next_round runs, and sets the condition of a node that has the other kernels of the round.
//   while   one node has the kernels of a round, and repeats them.
// Several ranks are several graphs on several streams of one device, whose barriers wait for each other. If the device cannot run conditional bodies of
// several streams at the same time, those barriers time out, which is reported: then conditional nodes are of no use for ranks that share a device.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#define CHECK(call)                                                                                      \
  do {                                                                                                   \
    cudaError_t error = (call);                                                                          \
    if (error != cudaSuccess) {                                                                          \
      std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(error));     \
      std::exit(2);                                                                                      \
    }                                                                                                    \
  } while (0)

constexpr int MAX_RANKS = 4;
constexpr int MAX_BLOCKS = 16384;
constexpr int MAX_KERNELS = 16;
constexpr int HOPPER_SHARED = 4 * 48 * 1024 + 16 * 1024 + 64 + 1024;

// The state of one rank.
struct State {
  int rounds;      // how many are needed, at least 1; the first is not recorded here
  int round;       // the current round
  unsigned epoch;  // barriers that this rank has passed
};

// The state of all ranks.
struct Shared {
  volatile unsigned arrived[MAX_RANKS];
  volatile int timed_out;
};

__global__ void reset(State* state) { state->round = 0; }

__global__ void next_round(State* state) { state->round++; }

__global__ void next_round_if(State* state, cudaGraphConditionalHandle condition) {
  state->round++;
  cudaGraphSetConditional(condition, state->round < state->rounds);
}

// Sets round 1; in the body of a loop, the next round.
__global__ void next_round_while(State* state, int first, cudaGraphConditionalHandle condition) {
  state->round = first ? 1 : state->round + 1;
  cudaGraphSetConditional(condition, state->round < state->rounds);
}

// Waits for all ranks, for at most about a second.
__global__ void barrier(State* state, Shared* shared, int rank, int ranks) {
  if (threadIdx.x != 0) {
    return;
  }
  unsigned epoch = ++state->epoch;
  __threadfence_system();
  shared->arrived[rank] = epoch;
  long long start = clock64();
  for (int peer = 0; peer < ranks; peer++) {
    while (static_cast<int>(shared->arrived[peer] - epoch) < 0) {
      if (shared->timed_out || clock64() - start > 1'500'000'000LL) {
        shared->timed_out = 1;
        return;
      }
    }
  }
  __threadfence_system();
}

// Counts, for each of its blocks, how often it ran with something to do.
__global__ void work(const State* state, unsigned* ran, int kernel) {
  if (state->round >= state->rounds) {
    return;
  }
  if (threadIdx.x == 0) {
    ran[kernel * MAX_BLOCKS + blockIdx.x]++;
  }
}

struct Step {
  int blocks;  // 0: a barrier
  int threads;
  int shared_bytes;
};

// Without next_round, which the variants launch in their own ways.
static std::vector<Step> steps(bool backward, int multiprocessors) {
  Step barrier{0, 32, 0}, rows{2048, 256, 0}, product{multiprocessors, 384, HOPPER_SHARED};
  Step swiglu{32 * multiprocessors, 256, 0}, combine{16384, 256, 0};
  if (!backward) {
    return {barrier, rows, barrier, product, swiglu, product, barrier, combine};
  }
  return {barrier, rows,    barrier, product, swiglu,  barrier, rows,   barrier,
          product, product, swiglu,  product, product, barrier, combine};
}

// Adds nodes one after the other.
struct Chain {
  cudaGraph_t graph;
  std::vector<cudaGraphNode_t> last;

  void kernel(const void* function, int blocks, int threads, int shared_bytes, std::vector<void*> arguments) {
    cudaKernelNodeParams params{};
    params.func = const_cast<void*>(function);
    params.gridDim = dim3(blocks);
    params.blockDim = dim3(threads);
    params.sharedMemBytes = shared_bytes;
    params.kernelParams = arguments.data();
    cudaGraphNode_t node;
    CHECK(cudaGraphAddKernelNode(&node, graph, last.data(), last.size(), &params));
    last = {node};
  }

  // Returns the graph of the body.
  cudaGraph_t conditional(cudaGraphConditionalHandle handle, cudaGraphConditionalNodeType type) {
    cudaGraphNodeParams params{};
    params.type = cudaGraphNodeTypeConditional;
    params.conditional.handle = handle;
    params.conditional.type = type;
    params.conditional.size = 1;
    cudaGraphNode_t node;
#if CUDART_VERSION >= 13000
    CHECK(cudaGraphAddNode(&node, graph, last.data(), nullptr, last.size(), &params));
#else
    CHECK(cudaGraphAddNode(&node, graph, last.data(), last.size(), &params));
#endif
    last = {node};
    return params.conditional.phGraph_out[0];
  }

  cudaGraphConditionalHandle handle(cudaGraph_t root) const {
    cudaGraphConditionalHandle created;
    CHECK(cudaGraphConditionalHandleCreate(&created, root, 0, cudaGraphCondAssignDefault));
    return created;
  }
};

enum class Variant { NONE, FIXED, IF, WHILE };

struct Rank {
  int index;
  int ranks;
  State* state;
  Shared* shared;
  unsigned* ran;
  cudaStream_t stream;

  void round(Chain& chain, const std::vector<Step>& all) {
    for (int i = 0; i < static_cast<int>(all.size()); i++) {
      const Step& step = all[i];
      if (step.blocks == 0) {
        chain.kernel(reinterpret_cast<const void*>(barrier), 1, step.threads, 0, {&state, &shared, &index, &ranks});
      } else {
        chain.kernel(reinterpret_cast<const void*>(work), step.blocks, step.threads, step.shared_bytes,
                     {&state, &ran, &i});
      }
    }
  }

  cudaGraphExec_t record(Variant variant, int prepared, const std::vector<Step>& all) {
    cudaGraph_t graph;
    CHECK(cudaGraphCreate(&graph, 0));
    Chain chain{graph, {}};
    int yes = 1, no = 0;
    chain.kernel(reinterpret_cast<const void*>(reset), 1, 1, 0, {&state});
    if (variant == Variant::FIXED) {
      for (int i = 0; i < prepared; i++) {
        chain.kernel(reinterpret_cast<const void*>(next_round), 1, 1, 0, {&state});
        round(chain, all);
      }
    } else if (variant == Variant::IF) {
      for (int i = 0; i < prepared; i++) {
        cudaGraphConditionalHandle handle = chain.handle(graph);
        chain.kernel(reinterpret_cast<const void*>(next_round_if), 1, 1, 0, {&state, &handle});
        Chain body{chain.conditional(handle, cudaGraphCondTypeIf), {}};
        round(body, all);
      }
    } else if (variant == Variant::WHILE) {
      cudaGraphConditionalHandle handle = chain.handle(graph);
      chain.kernel(reinterpret_cast<const void*>(next_round_while), 1, 1, 0, {&state, &yes, &handle});
      Chain body{chain.conditional(handle, cudaGraphCondTypeWhile), {}};
      round(body, all);
      body.kernel(reinterpret_cast<const void*>(next_round_while), 1, 1, 0, {&state, &no, &handle});
    }
    cudaGraphExec_t executable;
    CHECK(cudaGraphInstantiate(&executable, graph, 0));
    CHECK(cudaGraphDestroy(graph));
    return executable;
  }
};

static int wrong = 0;

static void check(const Rank& rank, const std::vector<Step>& all, unsigned expected, const std::string& what) {
  std::vector<unsigned> ran(MAX_KERNELS * MAX_BLOCKS);
  CHECK(cudaMemcpy(ran.data(), rank.ran, ran.size() * sizeof(unsigned), cudaMemcpyDeviceToHost));
  for (int i = 0; i < static_cast<int>(all.size()); i++) {
    for (int block = 0; block < all[i].blocks; block++) {
      if (ran[i * MAX_BLOCKS + block] != expected) {
        std::printf("WRONG: %s: block %d of kernel %d of rank %d ran %u times, expected %u\n", what.c_str(), block, i,
                    rank.index, ran[i * MAX_BLOCKS + block], expected);
        wrong = 1;
        return;
      }
    }
  }
}

// Microseconds of a launch of all ranks' graphs; below 0 if barriers timed out.
static double measure(std::vector<Rank>& ranks, Variant variant, int prepared, int needed, const std::vector<Step>& all,
                      const std::string& what) {
  constexpr int REPEATS = 5;
  const int many = prepared > 10 ? 20 : 100;
  std::vector<cudaGraphExec_t> graphs;
  for (Rank& rank : ranks) {
    State state{1 + needed, 0, 0};
    CHECK(cudaMemcpy(rank.state, &state, sizeof state, cudaMemcpyHostToDevice));
    CHECK(cudaMemset(rank.ran, 0, MAX_KERNELS * MAX_BLOCKS * sizeof(unsigned)));
    graphs.push_back(rank.record(variant, prepared, all));
  }
  CHECK(cudaMemset(ranks[0].shared, 0, sizeof(Shared)));
  CHECK(cudaDeviceSynchronize());
  cudaEvent_t begin, end;
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  std::vector<cudaEvent_t> done(ranks.size());
  for (cudaEvent_t& event : done) {
    CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  }
  std::vector<double> times;
  int launched = 0;
  Shared shared{};
  for (int repeat = 0; repeat <= REPEATS && !shared.timed_out; repeat++) {
    int launches = repeat == 0 ? 3 : many;  // the first ones upload the graphs, and show whether barriers meet
    CHECK(cudaEventRecord(begin, ranks[0].stream));
    for (size_t r = 1; r < ranks.size(); r++) {
      CHECK(cudaStreamWaitEvent(ranks[r].stream, begin, 0));
    }
    for (int i = 0; i < launches; i++) {
      for (size_t r = 0; r < ranks.size(); r++) {
        CHECK(cudaGraphLaunch(graphs[r], ranks[r].stream));
      }
    }
    for (size_t r = 1; r < ranks.size(); r++) {
      CHECK(cudaEventRecord(done[r], ranks[r].stream));
      CHECK(cudaStreamWaitEvent(ranks[0].stream, done[r], 0));
    }
    CHECK(cudaEventRecord(end, ranks[0].stream));
    CHECK(cudaDeviceSynchronize());
    launched += launches;
    float milliseconds;
    CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
    if (repeat > 0) {
      times.push_back(1000.0 * milliseconds / launches);
    }
    CHECK(cudaMemcpy(&shared, ranks[0].shared, sizeof shared, cudaMemcpyDeviceToHost));
  }
  for (cudaGraphExec_t graph : graphs) {
    CHECK(cudaGraphExecDestroy(graph));
  }
  for (cudaEvent_t event : done) {
    CHECK(cudaEventDestroy(event));
  }
  CHECK(cudaEventDestroy(begin));
  CHECK(cudaEventDestroy(end));
  if (shared.timed_out) {
    return -1;
  }
  for (const Rank& rank : ranks) {
    check(rank, all, static_cast<unsigned>(launched * needed), what);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

int main() {
  cudaDeviceProp device;
  CHECK(cudaGetDeviceProperties(&device, 0));
  int driver;
  CHECK(cudaDriverGetVersion(&driver));
  std::printf("%s, driver %d, runtime %d\n", device.name, driver, CUDART_VERSION);
  CHECK(cudaFuncSetAttribute(work, cudaFuncAttributeMaxDynamicSharedMemorySize, HOPPER_SHARED));
  Shared* shared;
  CHECK(cudaMalloc(&shared, sizeof(Shared)));
  std::printf("%-9s %5s %8s %-6s | %14s | %22s %22s\n", "pass", "ranks", "prepared", "how", "us, none needed",
              "us of an unneeded round", "us of a needed round");
  for (int count : {1, 2, 4}) {
    std::vector<Rank> ranks;
    for (int r = 0; r < count; r++) {
      Rank rank{r, count, nullptr, shared, nullptr, nullptr};
      CHECK(cudaMalloc(&rank.state, sizeof(State)));
      CHECK(cudaMalloc(&rank.ran, MAX_KERNELS * MAX_BLOCKS * sizeof(unsigned)));
      CHECK(cudaStreamCreateWithFlags(&rank.stream, cudaStreamNonBlocking));
      ranks.push_back(rank);
    }
    for (bool backward : {false, true}) {
      std::vector<Step> all = steps(backward, device.multiProcessorCount);
      double nothing = measure(ranks, Variant::NONE, 0, 0, all, "a graph without rounds");
      for (int prepared : {3, 25}) {
        for (Variant variant : {Variant::FIXED, Variant::IF, Variant::WHILE}) {
          const char* how = variant == Variant::FIXED ? "fixed" : variant == Variant::IF ? "if" : "while";
          std::string what = std::string(how) + ", " + std::to_string(prepared) + " rounds";
          double none = measure(ranks, variant, prepared, 0, all, what);
          double every = none < 0 ? -1 : measure(ranks, variant, prepared, prepared, all, what);
          const char* pass = backward ? "backward" : "forward";
          if (every < 0) {
            std::printf("%-9s %5d %8d %-6s | barriers of the ranks do not meet: timed out\n", pass, count, prepared, how);
            continue;
          }
          std::printf("%-9s %5d %8d %-6s | %15.2f | %22.2f %22.2f\n", pass, count, prepared, how, none - nothing,
                      (none - nothing) / prepared, (every - nothing) / prepared);
        }
      }
    }
    for (Rank& rank : ranks) {
      CHECK(cudaFree(rank.state));
      CHECK(cudaFree(rank.ran));
      CHECK(cudaStreamDestroy(rank.stream));
    }
  }
  CHECK(cudaFree(shared));
  std::printf(wrong ? "WRONG RESULTS\n" : "all blocks ran as often as they had to\n");
  return wrong;
}
