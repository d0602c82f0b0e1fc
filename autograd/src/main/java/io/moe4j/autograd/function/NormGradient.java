package io.moe4j.autograd.function;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.Parameter;

/**
 * Where the backward of a norm writes the gradient with respect to its weights. It always computes one: a few elements for each row that it reads anyway.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class NormGradient {

    private NormGradient() {}

    /** The gradient of the weights; for frozen weights, memory that nothing reads. */
    public static Tensor of(Tape tape, Parameter weight_D) {
        return weight_D.isTrained() ? weight_D.gradient()
                : tape.temporary("workspace", DType.F32, weight_D.elements());
    }
}
