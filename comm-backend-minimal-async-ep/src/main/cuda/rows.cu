// Rows to the experts, and back. All row addresses are 64-bit: buffers of more than 2^31 elements are ordinary. The Java twin is RowKernels.
#include <cuda_bf16.h>
#include <cstdint>

static constexpr long long ROW_MASK = (1ll << 40) - 1;

// Copies each token's row, and its K scalars, to where its destinations point. One block a token: the row is read once and written K times, 16 bytes a thread
// where rows allow it. Traffic: T rowBytes read, N rowBytes written (to peers), 12 N for destinations and scalars. With T 16384, K 6, rows of 4096 bytes:
// 67 + 403 MB, 110 us at 4274 GB/s. Example: T 1, K 2, destinations (rank 0, row 3) and dropped: row 3 of rank 0 is the token's, nothing else is written.
// Visibility: plain stores; the barrier that follows releases them at system scope, since peers may be other GPUs.
template <typename V>
__device__ __forceinline__ void copyRow(const char* row, char* const* peers, const long long* destinations, int topK, long long rowBytes) {
    const V* in = reinterpret_cast<const V*>(row);
    for (long long i = threadIdx.x; i < rowBytes / (long long)sizeof(V); i += blockDim.x) {
        V v = in[i];
        for (int k = 0; k < topK; k++) {
            long long d = destinations[k];
            if (d >= 0) reinterpret_cast<V*>(peers[d >> 40] + (d & ROW_MASK) * rowBytes)[i] = v;
        }
    }
}

extern "C" __global__ void __launch_bounds__(256) dispatch_rows(const char* x, const float* weights, const long long* destinations, long long tokens, int topK,
                                                                long long rowBytes, char* const* peerRows, float* const* peerWeights) {
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        const long long* d = destinations + t * topK;
        if (rowBytes % 16 == 0) copyRow<uint4>(x + t * rowBytes, peerRows, d, topK, rowBytes);
        else copyRow<unsigned short>(x + t * rowBytes, peerRows, d, topK, rowBytes);
        if (weights && (int)threadIdx.x < topK && d[threadIdx.x] >= 0) {
            long long to = d[threadIdx.x];
            peerWeights[to >> 40][to & ROW_MASK] = weights[t * topK + threadIdx.x];
        }
    }
}

__device__ __forceinline__ void add(float (&sum)[8], uint4 raw, __nv_bfloat16) {
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
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], __nv_bfloat16) {
    uint4 raw;
    __nv_bfloat162* p = reinterpret_cast<__nv_bfloat162*>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) p[i] = __floats2bfloat162_rn(sum[2 * i], sum[2 * i + 1]);
    return raw;
}
__device__ __forceinline__ uint4 rounded(const float (&sum)[8], float) { return make_uint4(__float_as_uint(sum[0]), __float_as_uint(sum[1]), __float_as_uint(sum[2]), __float_as_uint(sum[3])); }

__device__ __forceinline__ float toFloat(float v) { return v; }
__device__ __forceinline__ float toFloat(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ __forceinline__ void fromFloat(float* p, float v) { *p = v; }
__device__ __forceinline__ void fromFloat(__nv_bfloat16* p, float v) { *p = __float2bfloat16_rn(v); }

// Loads of up to this many slots are issued before the first is used.
static constexpr int IN_FLIGHT = 8;

template <typename T>
__device__ __forceinline__ void combineRow(const long long* d, int topK, long long dim, T* const* peers, T* out) {
    constexpr int V = 16 / sizeof(T);
    if (dim % V != 0) {
        for (long long c = threadIdx.x; c < dim; c += blockDim.x) {
            float sum = 0.f;
            for (int k = 0; k < topK; k++)
                if (d[k] >= 0) sum += toFloat(peers[d[k] >> 40][(d[k] & ROW_MASK) * dim + c]);
            fromFloat(out + c, sum);
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
                // Peers wrote these rows since this kernel's cache lines were last filled: read past L1. Adding zero changes nothing.
                raw[j] = to >= 0 ? __ldcg(reinterpret_cast<const uint4*>(peers[to >> 40] + (to & ROW_MASK) * dim + c)) : make_uint4(0, 0, 0, 0);
            }
#pragma unroll
            for (int j = 0; j < IN_FLIGHT; j++) add(sum, raw[j], T());
        }
        *reinterpret_cast<uint4*>(out + c) = rounded(sum, T());
    }
}

// out[t] = sum over k, in slot order, of the peers' rows, in fp32, rounded once; scalars come along. One block a token, 16 bytes a thread and slot.
// Traffic: N D elements read (from peers), T D written: 403 + 67 MB with the shapes above, 110 us. Example: bf16 slots 1, 2^-8, 2^-8 give 1 + 2^-7.
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
COMBINE(bf16, __nv_bfloat16)
