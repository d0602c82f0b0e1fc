package io.moe4j.trainer.session;

import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.step.Optimizer;
import io.moe4j.trainer.step.TrainStep;
import java.util.Optional;

/**
 * The parts of a rank that only training needs.
 *
 * @param optimizer updates parameters, and holds the moments
 * @param step makes steps
 * @param copy the copy from which checkpoints are written while steps go on; empty if steps wait
 */
record RankTraining(Optimizer optimizer, TrainStep step, Optional<HostCopy> copy) {}
