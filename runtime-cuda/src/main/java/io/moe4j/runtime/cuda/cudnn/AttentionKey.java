package io.moe4j.runtime.cuda.cudnn;

import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.tensor.Tensor;

/**
 * The key under which a plan is kept: extents and strides, but no addresses. In forward, the strides of gradients are all zero.
 *
 * @param batch number of sequences in one call
 */
record AttentionKey(long batch, long sequence, long heads, long keyHeads, long queryKeyDim, long valueDim,
        float scale, Strides q, Strides k, Strides v,
        Strides o, Strides dq, Strides dk, Strides dv) {
    private static final Strides NONE = new Strides(0, 0, 0);

    /** Elements from one index to the next, in each dimension. */
    record Strides(long batch, long sequence, long head) {

        static Strides of(Tensor tensor_BSHD) {
            return new Strides(tensor_BSHD.stride(0), tensor_BSHD.stride(1), tensor_BSHD.stride(2));
        }
    }

    static AttentionKey of(Forward a, long batch) {
        return new AttentionKey(batch, a.shape().sequence(), a.shape().heads(), a.shape().keyHeads(),
                a.shape().queryKeyDim(), a.shape().valueDim(), a.scale(), Strides.of(a.q_BSHQ()),
                Strides.of(a.k_BSHQ()), Strides.of(a.v_BSHV()),
                Strides.of(a.o_BSHV()), NONE, NONE, NONE);
    }

    static AttentionKey of(Backward b, long batch) {
        AttentionKey key = of(b.forward(), batch);
        return new AttentionKey(batch, key.sequence, key.heads, key.keyHeads, key.queryKeyDim, key.valueDim, key.scale,
                key.q, key.k,
                key.v, key.o,
                Strides.of(b.dq_BSHQ()), Strides.of(b.dk_BSHQ()), Strides.of(b.dv_BSHV()));
    }

    boolean isForward() {
        return dq.equals(NONE);
    }
}
