package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * Gives the batches that one rank evaluates, each as large as that of a training step, until the data ends.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
@FunctionalInterface
public interface EvaluationData {

    /** The rank's next batch, or the reason why it cannot be read; empty if the data has ended for this rank. */
    Optional<StepData> next();
}
