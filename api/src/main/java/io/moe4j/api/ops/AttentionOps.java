package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Causal softmax attention, exact, without the matrix of scores in memory (Dao et al., FlashAttention, 2022). H heads of queries attend over G heads
 * of keys and values; see {@link AttentionShape}, which also defines the letters G, Q and V. The gradient of a key head is the sum over its query
 * heads, in fp32, in the order of the heads.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface AttentionOps {

    /** o = softmax(scale · q·kᵀ, causal) · v. */
    void forward(Stream stream, Forward arguments);

    /** Gradients with respect to q, k and v. */
    void backward(Stream stream, Backward arguments);

    /**
     * The attention of the last T tokens of one sequence over all its L tokens: o[t] = softmax(scale · q[t]·kᵀ) · v over the keys 0 to L − T + t. Keys
     * and values come from a cache. For example, with L = 5 and T = 2, query 0 attends over the keys 0 to 3, and query 1 over all 5. Since version
     * 1.4 of the device SPI; a device of an earlier one refuses it.
     */
    default void decode(Stream stream, Decode arguments) {
        throw new UnsupportedOperationException("attention over a cache came with version 1.4 of the device SPI, which "
                + getClass().getName() + " does not implement; take a newer version of the device's plug-in");
    }

    /**
     * The arguments of {@link #decode}. H and G are as in {@link AttentionShape}. All tensors have the same type. Keys and values may lie in the same
     * memory: latent attention has one key head, and its values are the first V elements of each key.
     *
     * @param scale factor of the scores
     * @param q_THQ (T, H, Q), any strides; the last is 1
     * @param k_LGQ (L, G, Q), L at least T; any strides, the last is 1
     * @param v_LGV (L, G, V), any strides; the last is 1
     * @param o_THV (T, H, V), overwritten; any strides, the last is 1
     * @since 0.3.0
     */
    record Decode(float scale, Tensor q_THQ, Tensor k_LGQ, Tensor v_LGV, Tensor o_THV) {

        public Decode {
            if (q_THQ.rank() != 3 || k_LGQ.rank() != 3 || v_LGV.rank() != 3 || o_THV.rank() != 3) {
                throw refused("all have three dimensions", q_THQ, k_LGQ, v_LGV, o_THV);
            }
            long heads = q_THQ.dim(1);
            long keyHeads = k_LGQ.dim(1);
            if (k_LGQ.dim(2) != q_THQ.dim(2) || v_LGV.dim(0) != k_LGQ.dim(0) || v_LGV.dim(1) != keyHeads
                    || o_THV.dim(0) != q_THQ.dim(0) || o_THV.dim(1) != heads || o_THV.dim(2) != v_LGV.dim(2)) {
                throw refused("the shapes are (T, H, Q), (L, G, Q), (L, G, V) and (T, H, V)", q_THQ, k_LGQ, v_LGV,
                        o_THV);
            }
            if (keyHeads < 1 || heads < 1 || heads % keyHeads != 0 || k_LGQ.dim(0) < q_THQ.dim(0)) {
                throw refused("G divides H, and there are at least as many keys as queries", q_THQ, k_LGQ, v_LGV,
                        o_THV);
            }
            for (Tensor tensor : List.of(q_THQ, k_LGQ, v_LGV, o_THV)) {
                if (tensor.dtype() != q_THQ.dtype() || (tensor.dim(2) > 1 && tensor.stride(2) != 1)) {
                    throw refused("all have one type and a dense last dimension", q_THQ, k_LGQ, v_LGV, o_THV);
                }
            }
        }

        /** Arguments. */
        public static Decode of(float scale, Tensor q_THQ, Tensor k_LGQ, Tensor v_LGV, Tensor o_THV) {
            return new Decode(scale, q_THQ, k_LGQ, v_LGV, o_THV);
        }

        /** T, queries. */
        public long queries() {
            return q_THQ.dim(0);
        }

        /** L, keys. */
        public long keys() {
            return k_LGQ.dim(0);
        }

        /** H, heads of queries. */
        public long heads() {
            return q_THQ.dim(1);
        }

        /** G, heads of keys and values. */
        public long keyHeads() {
            return k_LGQ.dim(1);
        }

        /** H / G, query heads of one key head. */
        public long queriesPerKey() {
            return heads() / keyHeads();
        }

        private static IllegalArgumentException refused(String rule, Tensor q, Tensor k, Tensor v, Tensor o) {
            return new IllegalArgumentException(
                    "attention over a cache, with q " + q + ", k " + k + ", v " + v + ", o " + o
                            + ": it needs that " + rule);
        }
    }

    /**
     * Arguments of {@link #forward}.
     *
     * @param shape extents
     * @param scale factor of the scores
     * @param q_BSHQ (B, S, H, Q), any strides; the last is 1
     * @param k_BSHQ (B, S, G, Q), any strides; the last is 1
     * @param v_BSHV (B, S, G, V), any strides; the last is 1
     * @param o_BSHV (B, S, H, V), overwritten, contiguous
     * @param lse_BHS F32 (B, H, S), overwritten: logarithm of the sum of exponentials of the scaled scores
     * @param workspace {@code attentionForward} bytes, if not zero
     * @param starts_BS I32 (B, S), contiguous: for each token the position in its sequence where its document begins; see {@link #withStarts}. Since
     *        version 1.4 of the device SPI; before, each sequence was one document
     * @param scores {@code attentionScores} bytes, contiguous, overwritten: memory in which forward stores scores for its gradient; see {@link #withScores}
     */
    record Forward(AttentionShape shape, float scale, Tensor q_BSHQ, Tensor k_BSHQ, Tensor v_BSHV, Tensor o_BSHV,
            Tensor lse_BHS, Optional<Tensor> workspace, Optional<Tensor> starts_BS, Optional<Tensor> scores) {

        /** Over sequences of one document each. */
        public Forward(AttentionShape shape, float scale, Tensor q_BSHQ, Tensor k_BSHQ, Tensor v_BSHV, Tensor o_BSHV,
                Tensor lse_BHS, Optional<Tensor> workspace) {
            this(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, workspace, Optional.empty());
        }

        /** Without memory for scores. */
        public Forward(AttentionShape shape, float scale, Tensor q_BSHQ, Tensor k_BSHQ, Tensor v_BSHV, Tensor o_BSHV,
                Tensor lse_BHS, Optional<Tensor> workspace, Optional<Tensor> starts_BS) {
            this(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, workspace, starts_BS, Optional.empty());
        }

        /** Without a workspace. */
        public static Forward of(AttentionShape shape, float scale, Tensor q_BSHQ, Tensor k_BSHQ, Tensor v_BSHV,
                Tensor o_BSHV, Tensor lse_BHS) {
            return new Forward(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, Optional.empty());
        }

        /** With a workspace. */
        public Forward withWorkspace(Tensor bytes) {
            return new Forward(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, Optional.of(bytes), starts_BS,
                    scores);
        }

        /**
         * Within documents: token s of a sequence attends over the keys from {@code starts[s]} to s. {@code starts[0]} is 0; every other start is that of the
         * previous token, or s if a document begins at s. For example, documents of 2 and 3 tokens in a sequence of 5 have the starts [0, 0, 2, 2, 2].
         * Other starts are an error of the caller: a device then reads nothing outside of its tensors, and the work fails if the device detects the error.
         */
        public Forward withStarts(Tensor starts) {
            return new Forward(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, workspace, Optional.of(starts),
                    scores);
        }

        /**
         * With memory of {@code WorkspaceSizes.attentionScores} bytes, in which forward stores scores, in a layout that the device chooses.
         * {@link AttentionOps#backward} reads them if its {@code forward} has this memory. It computes gradients with the same bits as without it, in less
         * time. Since version 1.4 of the device SPI.
         *
         * @since 0.3.0
         */
        public Forward withScores(Tensor bytes) {
            return new Forward(shape, scale, q_BSHQ, k_BSHQ, v_BSHV, o_BSHV, lse_BHS, workspace, starts_BS,
                    Optional.of(bytes));
        }
    }

    /**
     * Arguments of {@link #backward}.
     *
     * @param forward forward's arguments, with its results; if it has starts, gradients are within documents too
     * @param do_BSHV (B, S, H, V), gradient with respect to o, contiguous
     * @param dq_BSHQ (B, S, H, Q), overwritten; any strides, the last is 1
     * @param dk_BSHQ (B, S, G, Q), overwritten; any strides, the last is 1
     * @param dv_BSHV (B, S, G, V), overwritten; any strides, the last is 1
     * @param workspace {@code attentionBackward} bytes, if not zero
     */
    record Backward(Forward forward, Tensor do_BSHV, Tensor dq_BSHQ, Tensor dk_BSHQ, Tensor dv_BSHV,
            Optional<Tensor> workspace) {

        /** Without a workspace. */
        public static Backward of(Forward forward, Tensor do_BSHV, Tensor dq_BSHQ, Tensor dk_BSHQ, Tensor dv_BSHV) {
            return new Backward(forward, do_BSHV, dq_BSHQ, dk_BSHQ, dv_BSHV, Optional.empty());
        }

        /** With a workspace. */
        public Backward withWorkspace(Tensor bytes) {
            return new Backward(forward, do_BSHV, dq_BSHQ, dk_BSHQ, dv_BSHV, Optional.of(bytes));
        }
    }
}
