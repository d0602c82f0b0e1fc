package io.moe4j.layers.decoder;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Parameter;

/**
 * Projection to the vocabulary, and cross-entropy. The loss, with or without its gradient, is made in one pass over chunks of tokens, so that the logits of
 * all tokens never exist at once.
 *
 * @param projection_VD its unit is gathered
 */
record VocabularyLoss(RankContext rank, Parameter projection_VD) {
    /**
     * The most bytes that the logits of a chunk may take. A smaller limit costs time: each chunk after the first reads and writes the fp32 gradient with
     * respect to the projection, 0.84 GB each way for 102400 words of 2048 elements. With this limit, the head still needs less memory than the blocks.
     */
    private static final long CHUNK_BYTES = 2048L << 20;

    /** Overwrites {@code logits_TV}. */
    void logits(Tensor y_TD, Tensor logits_TV) {
        ops().matmul().matmul(stream(), Matmul.ofTransposedB(y_TD, projection_VD.value(), logits_TV));
    }

    /**
     * Adds the losses, times {@code scale}, to {@code loss}, and their gradient with respect to the projection to that; gradients are open.
     *
     * @param dy_TD overwritten
     */
    void withGradient(Tensor y_TD, Tensor labels_T, float scale, Tensor loss, Tensor dy_TD) {
        long chunk = chunk(y_TD.dtype(), y_TD.dim(0));
        for (long from = 0; from < y_TD.dim(0); from += chunk) {
            long to = Math.min(y_TD.dim(0), from + chunk);
            chunk(y_TD.slice(0, from, to), labels_T.slice(0, from, to), scale, loss, dy_TD.slice(0, from, to));
        }
    }

    /** Overwrites {@code losses_T} with each token's loss. */
    void forward(Tensor y_TD, Tensor labels_T, Tensor losses_T) {
        Tensor sum = memory().allocate("logits", DType.F32, 1);
        stream().fill(sum, 0);
        long chunk = chunk(y_TD.dtype(), y_TD.dim(0));
        for (long from = 0; from < y_TD.dim(0); from += chunk) {
            long to = Math.min(y_TD.dim(0), from + chunk);
            losses(y_TD.slice(0, from, to), labels_T.slice(0, from, to), losses_T.slice(0, from, to), sum);
        }
    }

    /** Uses the same operation as training, so that a token has the same loss in both; the gradient, scaled by zero, and the sum are not used. */
    private void losses(Tensor y_CD, Tensor labels_C, Tensor losses_C, Tensor sum) {
        try (Scope scope = memory().open()) {
            Tensor w_VD = projection_VD.value();
            Tensor logits_CV = memory().allocate("logits", y_CD.dtype(), y_CD.dim(0), w_VD.dim(0));
            logits(y_CD, logits_CV);
            ops().loss().crossEntropy(stream(), logits_CV, labels_C, 0, losses_C, sum);
        }
    }

    private void chunk(Tensor y_CD, Tensor labels_C, float scale, Tensor loss, Tensor dy_CD) {
        try (Scope scope = memory().open()) {
            Tensor w_VD = projection_VD.value();
            Tensor logits_CV = memory().allocate("logits", y_CD.dtype(), y_CD.dim(0), w_VD.dim(0));
            Tensor rowLoss_C = memory().allocate("logits", DType.F32, y_CD.dim(0));
            logits(y_CD, logits_CV);
            // From here on logits_CV holds the gradient with respect to the logits.
            ops().loss().crossEntropy(stream(), logits_CV, labels_C, scale, rowLoss_C, loss);
            if (projection_VD.isTrained()) {
                ops().matmul().matmul(stream(), Matmul.ofTransposedA(logits_CV, y_CD, projection_VD.gradient())
                        .accumulating(projection_VD.accumulatesGradient()));
            }
            ops().matmul().matmul(stream(), Matmul.of(logits_CV, w_VD, dy_CD));
        }
    }

    /** C, tokens of a chunk: all chunks except the last have this size. */
    private long chunk(DType dtype, long tokens) {
        long most = Math.max(1, CHUNK_BYTES / Tensor.bytes(dtype, projection_VD.shape()[0]));
        return Math.max(1, Math.ceilDiv(tokens, Math.max(1, Math.ceilDiv(tokens, most))));
    }

    private MemoryStack memory() {
        return rank.memory();
    }

    private Stream stream() {
        return rank.stream();
    }

    private DeviceOps ops() {
        return rank.device().ops();
    }
}
