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
 */
@Stability(Stability.Level.EVOLVING)
public record OptimizerConfig(double lr, double beta1, double beta2, double eps, double weightDecay,
        DType stateDtype, ParameterRounding parameterRounding) {}
