// Cross-entropy and its gradient.
#include "common.cuh"

// One block a token: rowLoss[t] = logsumexp(logits[t]) - logits[t, label]; logits[t] becomes scale (softmax(logits[t]) - onehot(label)).
// The row is read twice (maximum and sum together, rescaled as the maximum grows; then the gradient) and written once.
// Traffic: 2 T V read, T V written. Example: logits [0, 0], label 1, scale 1: loss 0.6931472, gradient [0.5, -0.5].
template <typename T> __device__ void crossEntropy(T* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride) {
    __shared__ float scratch[32];
    for (long long t = blockIdx.x; t < tokens; t += gridDim.x) {
        T* row = logits + t * stride;
        int label = labels[t];
        if (label < 0 || label >= vocabulary) __trap();
        float top = -INFINITY, sum = 0.f;
        for (int v = threadIdx.x; v < vocabulary; v += blockDim.x) {
            float x = load(row + v);
            if (x > top) {
                sum = sum * __expf(top - x) + 1.f;
                top = x;
            } else {
                sum += __expf(x - top);
            }
        }
        float highest = blockMax(top, scratch);
        float total = blockSum(top == -INFINITY ? 0.f : sum * __expf(top - highest), scratch);
        float lse = highest + logf(total);
        float target = load(row + label);
        __syncthreads();
        for (int v = threadIdx.x; v < vocabulary; v += blockDim.x) store(row + v, scale * (__expf(load(row + v) - lse) - (v == label ? 1.f : 0.f)));
        if (threadIdx.x == 0) rowLoss[t] = lse - target;
    }
}
#define CROSS_ENTROPY(name, T)                                                                                                                     \
    extern "C" __global__ void cross_entropy_##name(T* logits, const int* labels, float scale, float* rowLoss, long long tokens, int vocabulary, long long stride) { \
        crossEntropy(logits, labels, scale, rowLoss, tokens, vocabulary, stride);                                                                  \
    }
FOR_EACH_TYPE(CROSS_ENTROPY)

// loss[0] += scale * sum over t of rowLoss[t]; one block, fixed order. NaN goes through. Traffic: 4 T bytes. Example: rows [1, 2, 3], scale 0.5, loss 10: 13.
extern "C" __global__ void add_losses(const float* rowLoss, long long tokens, float scale, float* loss) {
    __shared__ float scratch[32];
    float sum = 0.f;
    for (long long t = threadIdx.x; t < tokens; t += blockDim.x) sum += rowLoss[t];
    sum = blockSum(sum, scratch);
    if (threadIdx.x == 0) loss[0] += scale * sum;
}
