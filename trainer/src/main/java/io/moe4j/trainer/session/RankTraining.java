package io.moe4j.trainer.session;

import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.TrainStep;

/**
 * What a rank has for training.
 *
 * @param optimizer its moments
 * @param step makes steps
 */
record RankTraining(Optimizer optimizer, TrainStep step) {}
