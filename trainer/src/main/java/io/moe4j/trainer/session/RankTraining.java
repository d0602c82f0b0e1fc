package io.moe4j.trainer.session;

import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.TrainStep;
import java.util.Optional;

/**
 * What a rank has for training.
 *
 * @param optimizer its moments
 * @param step makes steps
 * @param copy where checkpoints are written from beside the steps, if they are
 */
record RankTraining(Optimizer optimizer, TrainStep step, Optional<HostCopy> copy) {}
