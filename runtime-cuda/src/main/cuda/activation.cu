// SwiGLU of dense layers. Shapes: T rows of F elements.
#include "common.cuh"

// h = gate sigmoid(gate) up; rows have strides. Traffic: 2 T F elements read, T F written. Example: gate 0, up 5: 0; gate 1, up 2: 1.4621172.
template <typename T>
__device__ void swigluForward(const T* gate, const T* up, T* h, long long rows, int width, long long gs, long long us, long long hs) {
    constexpr int V = Vec<T>::N;
    int perRow = width / V;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * perRow; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / perRow;
        int c = i % perRow * V;
        Vec<T> g = Vec<T>::load(gate + t * gs + c), u = Vec<T>::load(up + t * us + c);
#pragma unroll
        for (int j = 0; j < V; j++) g.v[j] = g.v[j] / (1.f + __expf(-g.v[j])) * u.v[j];
        g.store(h + t * hs + c);
    }
}

// dgate = dh up sigmoid(gate) (1 + gate (1 - sigmoid(gate))), dup = dh silu(gate). dgate may be gate, and dup may be up.
// Traffic: 3 T F elements read, 2 T F written. Example: gate 0, up 2, dh 1: dgate 1, dup 0.
template <typename T>
__device__ void swigluBackward(const T* gate, const T* up, const T* dh, T* dgate, T* dup, long long rows, int width, long long gs, long long us,
                               long long hs, long long dgs, long long dus) {
    constexpr int V = Vec<T>::N;
    int perRow = width / V;
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * perRow; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / perRow;
        int c = i % perRow * V;
        Vec<T> g = Vec<T>::load(gate + t * gs + c), u = Vec<T>::load(up + t * us + c), d = Vec<T>::load(dh + t * hs + c);
#pragma unroll
        for (int j = 0; j < V; j++) {
            float x = g.v[j], s = 1.f / (1.f + __expf(-x));
            g.v[j] = d.v[j] * u.v[j] * s * (1.f + x * (1.f - s));
            u.v[j] = d.v[j] * x * s;
        }
        g.store(dgate + t * dgs + c);
        u.store(dup + t * dus + c);
    }
}

// The same for widths or strides that are not multiples of 16 bytes: one element per thread.
template <typename T>
__device__ void swigluForwardAny(const T* gate, const T* up, T* h, long long rows, int width, long long gs, long long us, long long hs) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / width;
        int c = i % width;
        float x = load(gate + t * gs + c);
        store(h + t * hs + c, x / (1.f + __expf(-x)) * load(up + t * us + c));
    }
}
template <typename T>
__device__ void swigluBackwardAny(const T* gate, const T* up, const T* dh, T* dgate, T* dup, long long rows, int width, long long gs, long long us,
                                  long long hs, long long dgs, long long dus) {
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
        long long t = i / width;
        int c = i % width;
        float x = load(gate + t * gs + c), u = load(up + t * us + c), d = load(dh + t * hs + c), s = 1.f / (1.f + __expf(-x));
        store(dgate + t * dgs + c, d * u * s * (1.f + x * (1.f - s)));
        store(dup + t * dus + c, d * x * s);
    }
}
#define SWIGLU(name, T)                                                                                                                            \
    extern "C" __global__ void swiglu_##name(const T* g, const T* u, T* h, long long rows, int width, long long gs, long long us, long long hs, int vec) { \
        if (vec) swigluForward(g, u, h, rows, width, gs, us, hs);                                                                                  \
        else swigluForwardAny(g, u, h, rows, width, gs, us, hs);                                                                                   \
    }                                                                                                                                              \
    extern "C" __global__ void swiglu_backward_##name(const T* g, const T* u, const T* dh, T* dg, T* du, long long rows, int width, long long gs,  \
                                                      long long us, long long hs, long long dgs, long long dus, int vec) {                         \
        if (vec) swigluBackward(g, u, dh, dg, du, rows, width, gs, us, hs, dgs, dus);                                                              \
        else swigluBackwardAny(g, u, dh, dg, du, rows, width, gs, us, hs, dgs, dus);                                                               \
    }
FOR_EACH_TYPE(SWIGLU)
