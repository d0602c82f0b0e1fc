package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/**
 * The factors of one step.
 *
 * @param learningRate learning rate of AdamW
 * @param muonLearningRate learning rate of Muon
 * @param gradientScale factor of the gradients: below 1 if they are clipped, larger if labels do not count
 * @param step number of the step, from 1
 */
@Stability(Stability.Level.INTERNAL)
public record StepRates(double learningRate, double muonLearningRate, double gradientScale, long step) {}
