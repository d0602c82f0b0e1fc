package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;

/** Scratch bytes that a device's operations need; callers allocate them from their scope and pass them in. */
@Stability(Stability.Level.EVOLVING)
public interface WorkspaceSizes {

    /** Scratch of {@code AttentionOps.forward}. */
    default long attentionForward(AttentionShape shape) {
        return 0;
    }

    /** Scratch of {@code AttentionOps.backward}. */
    default long attentionBackward(AttentionShape shape) {
        return 0;
    }

    /** Scratch of {@code NormOps.backward} for T rows of D elements. */
    default long rmsNormBackward(long rows, long dim) {
        return 0;
    }

    /** Scratch of {@code EmbeddingOps.backward} for T tokens and a table of V rows. */
    default long embeddingBackward(long tokens, long vocabulary) {
        return 0;
    }

    /** Scratch of {@code OptimizerOps.sumOfSquares} for n elements. */
    default long sumOfSquares(long elements) {
        return 0;
    }
}
