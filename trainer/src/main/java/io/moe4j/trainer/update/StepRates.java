package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/**
 * The factors of one step.
 *
 * @param learningRate of AdamW
 * @param muonLearningRate of Muon
 * @param gradientScale what gradients are multiplied by: below 1 where they are clipped, more where labels do not count
 * @param step from 1
 */
@Stability(Stability.Level.INTERNAL)
public record StepRates(double learningRate, double muonLearningRate, double gradientScale, long step) {}
