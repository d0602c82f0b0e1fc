package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.function.LowRank;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/**
 * y_TO = x_TI · wᵀ, without a bias.
 *
 * @param weight_OI the matrix
 * @param adapter low-rank updates of it; since 0.3.0
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Linear(Parameter weight_OI, Optional<LowRank> adapter) {

    /** Without updates. */
    public Linear(Parameter weight_OI) {
        this(weight_OI, Optional.empty());
    }

    /** (T, I) → (T, O). */
    public Variable forward(Tape tape, Variable x_TI) {
        return Functions.linear(tape, x_TI, weight_OI, adapter);
    }
}
