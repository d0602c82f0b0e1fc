package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/**
 * The factors of one step.
 *
 * @param learningRate learning rate of AdamW
 * @param muonLearningRate learning rate of Muon
 * @param gradientScale factor of the gradients: clipping makes it smaller; ignored labels make it larger than 1 without clipping
 * @param step number of the step, from 1
 */
@Stability(Stability.Level.INTERNAL)
public record StepRates(double learningRate, double muonLearningRate, double gradientScale, long step) {}
