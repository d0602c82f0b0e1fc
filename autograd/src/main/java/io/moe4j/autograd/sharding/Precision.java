package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * Element types of a run.
 *
 * @param compute of activations and gathered parameters
 * @param parameters of the shards that the optimizer updates
 * @param gradients of the reduced gradients' shards
 * @param optimizerState of the moments
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Precision(DType compute, DType parameters, DType gradients, DType optimizerState) {

    /** All in single precision. */
    public static Precision single() {
        return new Precision(DType.F32, DType.F32, DType.F32, DType.F32);
    }

    /**
     * For parameters that training does not change: nothing needs them in another type than that of the computation.
     *
     * @since 0.3.0
     */
    public Precision ofFrozen() {
        return new Precision(compute, compute, gradients, optimizerState);
    }

    /** Computes in bfloat16; everything else is in single precision. */
    public static Precision mixed() {
        return new Precision(DType.BF16, DType.F32, DType.F32, DType.F32);
    }
}
