package io.moe4j.layers.unit;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.sharding.Parameter;

/**
 * RMSNorm over the first D columns of a row (Zhang and Sennrich, 2019).
 *
 * @param weight_D its weights
 * @param eps added to the mean of the squares
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record RmsNorm(Parameter weight_D, float eps) {

    /** (T, C) → (T, D), with C at least D. */
    public Variable forward(Tape tape, Variable x_TC) {
        return Functions.rmsNorm(tape, x_TC, weight_D, eps);
    }
}
