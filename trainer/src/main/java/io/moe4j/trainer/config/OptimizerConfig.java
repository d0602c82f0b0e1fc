package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * AdamW.
 *
 * @param lr the highest learning rate, above 0
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param eps added to the root of the second moment, above 0
 * @param weightDecay decoupled decay, at least 0
 * @param stateDtype element type of both moments
 * @param parameterRounding how parameters are rounded after an update
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record OptimizerConfig(double lr, double beta1, double beta2, double eps, double weightDecay,
        DType stateDtype, ParameterRounding parameterRounding) {

    /** With another value of {@code lr}. */
    public OptimizerConfig withLr(double value) {
        return Components.with(this, "lr", value);
    }

    /** With another value of {@code beta1}. */
    public OptimizerConfig withBeta1(double value) {
        return Components.with(this, "beta1", value);
    }

    /** With another value of {@code beta2}. */
    public OptimizerConfig withBeta2(double value) {
        return Components.with(this, "beta2", value);
    }

    /** With another value of {@code eps}. */
    public OptimizerConfig withEps(double value) {
        return Components.with(this, "eps", value);
    }

    /** With another value of {@code weightDecay}. */
    public OptimizerConfig withWeightDecay(double value) {
        return Components.with(this, "weightDecay", value);
    }

    /** With another value of {@code stateDtype}. */
    public OptimizerConfig withStateDtype(DType value) {
        return Components.with(this, "stateDtype", value);
    }

    /** With another value of {@code parameterRounding}. */
    public OptimizerConfig withParameterRounding(ParameterRounding value) {
        return Components.with(this, "parameterRounding", value);
    }
}
