// Moves rows to the experts, and back. All row addresses are 64-bit: buffers of more than 2^31 elements are ordinary. The Java twin is RowKernels.
#include "bf16.cuh"

static constexpr long long ROW_MASK = (1ll << 40) - 1;

// Copies each token's row, and its K scalars, to its destinations. One warp per token: it reads the row once, each lane VECTORS times 16 bytes at a time, and
// writes it K times. Traffic: T rowBytes read, N rowBytes written (to peers), 12 N bytes for destinations and scalars. With T 16384, K 6, rows of 4096 bytes:
// 67 + 403 MB, 110 us at 4274 GB/s. Example: T 1, K 2, destinations (rank 0, row 3) and dropped: the token's row is written to row 3 of rank 0, and nothing
// else is written. Visibility: plain stores; the barrier that follows releases them at system scope, since peers may be other GPUs.
static constexpr int VECTORS = 8;
static constexpr int MAX_SLOTS = 32;

extern "C" __global__ void __launch_bounds__(256) dispatch_rows(const char* x, const float* weights, const long long* destinations, long long tokens, int topK,
                                                                long long rowBytes, char* const* peerRows, float* const* peerWeights) {
    int lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    for (long long t = blockIdx.x * (long long)warps + (threadIdx.x >> 5); t < tokens; t += (long long)gridDim.x * warps) {
        const char* row = x + t * rowBytes;
        for (int k0 = 0; k0 < topK; k0 += MAX_SLOTS) {
            int slots = min(MAX_SLOTS, topK - k0);
            long long d = lane < slots ? destinations[t * topK + k0 + lane] : -1;
            if (weights && d >= 0) peerWeights[d >> 40][d & ROW_MASK] = weights[t * topK + k0 + lane];
            unsigned long long to = d >= 0 ? (unsigned long long)(peerRows[d >> 40] + (d & ROW_MASK) * rowBytes) : 0;
            if (rowBytes % 16 == 0) {
                long long count = rowBytes / 16;
                for (long long base = 0; base < count; base += 32 * VECTORS) {
                    uint4 v[VECTORS];
#pragma unroll
                    for (int i = 0; i < VECTORS; i++) {
                        long long c = base + i * 32 + lane;
                        if (c < count) v[i] = __ldcs(reinterpret_cast<const uint4*>(row) + c);
                    }
                    for (int k = 0; k < slots; k++) {
                        uint4* out = reinterpret_cast<uint4*>(__shfl_sync(0xffffffffu, to, k));
                        if (out) {
#pragma unroll
                            for (int i = 0; i < VECTORS; i++) {
                                long long c = base + i * 32 + lane;
                                if (c < count) __stcs(out + c, v[i]);
                            }
                        }
                    }
                }
            } else {
                for (int k = 0; k < slots; k++) {
                    unsigned short* out = reinterpret_cast<unsigned short*>(__shfl_sync(0xffffffffu, to, k));
                    if (out)
                        for (long long i = lane; i < rowBytes / 2; i += 32) out[i] = reinterpret_cast<const unsigned short*>(row)[i];
                }
            }
        }
    }
}

__device__ __forceinline__ void add(float (&sum)[8], uint4 raw, bf16) {
    const __nv_bfloat162* p = reinterpret_cast<const __nv_bfloat162*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 f = __bfloat1622float2(p[i]);
        sum[2 * i] += f.x;
        sum[2 * i + 1] += f.y;
    }
}
__device__ __forceinline__ void add(float (&sum)[8], uint4 raw, float) {
    const float* p = reinterpret_cast<const float*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) sum[i] += p[i];
}
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], bf16) {
    uint4 raw;
    __nv_bfloat162* p = reinterpret_cast<__nv_bfloat162*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) p[i] = __floats2bfloat162_rn(sum[2 * i], sum[2 * i + 1]);
    return raw;
}
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], float) { return make_uint4(__float_as_uint(sum[0]), __float_as_uint(sum[1]), __float_as_uint(sum[2]), __float_as_uint(sum[3])); }

// Up to this many slots are loaded before the first is used.
static constexpr int IN_FLIGHT = 8;

template <typename T>
__device__ __forceinline__ void combineRow(const long long* d, int topK, long long dim, T* const* peers, T* out) {
    constexpr int V = 16 / sizeof(T);
    if (dim % V != 0) {
        for (long long c = threadIdx.x; c < dim; c += blockDim.x) {
            float sum = 0.f;
            for (int k = 0; k < topK; k++)
                if (d[k] >= 0) sum += load(peers[d[k] >> 40] + (d[k] & ROW_MASK) * dim + c);
            store(out + c, sum);
        }
        return;
    }
    if (topK <= IN_FLIGHT) {
        const T* rows[IN_FLIGHT];
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++) {
            long long to = j < topK ? d[j] : -1;
            rows[j] = to >= 0 ? peers[to >> 40] + (to & ROW_MASK) * dim : nullptr;
        }
        for (long long c = threadIdx.x * V; c < dim; c += blockDim.x * V) {
            float sum[8] = {};
            uint4 raw[IN_FLIGHT];
            // Read past L1, whose lines may be older than the rows that the peers wrote. Adding zero for dropped slots changes nothing.
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) raw[j] = rows[j] ? __ldcg(reinterpret_cast<const uint4*>(rows[j] + c)) : make_uint4(0, 0, 0, 0);
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) add(sum, raw[j], T());
            __stcs(reinterpret_cast<uint4*>(out + c), rounded(sum, T()));
        }
        return;
    }
    for (long long c = threadIdx.x * V; c < dim; c += blockDim.x * V) {
        float sum[8] = {};
        for (int k0 = 0; k0 < topK; k0 += IN_FLIGHT) {
            uint4 raw[IN_FLIGHT];
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) {
                long long to = k0 + j < topK ? d[k0 + j] : -1;
                raw[j] = to >= 0 ? __ldcg(reinterpret_cast<const uint4*>(peers[to >> 40] + (to & ROW_MASK) * dim + c)) : make_uint4(0, 0, 0, 0);
            }
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) add(sum, raw[j], T());
        }
        *reinterpret_cast<uint4*>(out + c) = rounded(sum, T());
    }
}

// out[t] = sum over k, in slot order, of the peers' rows, in fp32, rounded once; scalars are fetched too. One block per token; each thread loads 16 bytes of
// each slot. Traffic: N D elements read (from peers), T D written: 403 + 67 MB with the shapes above, 110 us. Example: bf16 slots 1, 2^-8, 2^-8 give 1 + 2^-7.
#define COMBINE(name, T)                                                                                                                              \
    extern "C" __global__ void __launch_bounds__(256) combine_##name(const long long* destinations, long long tokens, int topK, long long dim,        \
                                                                     T* const* peerRows, float* const* peerScalars, T* out, float* scalars) {         \
        for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {                                                                                  \
            const long long* d = destinations + t * topK;                                                                                             \
            combineRow<T>(d, topK, dim, peerRows, out + t * dim);                                                                                     \
            if (scalars && (int)threadIdx.x < topK) {                                                                                                 \
                long long to = d[threadIdx.x];                                                                                                        \
                scalars[t * topK + threadIdx.x] = to >= 0 ? __ldcg(peerScalars[to >> 40] + (to & ROW_MASK)) : 0.f;                                     \
            }                                                                                                                                         \
        }                                                                                                                                             \
    }
COMBINE(f32, float)
COMBINE(bf16, bf16)
