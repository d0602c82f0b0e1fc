package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.trainer.step.Batch;

/** What one rank reads. */
@Stability(Stability.Level.EVOLVING)
public interface BatchSource extends AutoCloseable {
    /** The rank's next batch. */
    Batch next();

    @Override
    default void close() {}

    /** Opens the source of a rank. */
    @FunctionalInterface
    interface Factory {
        /**
         * Opens it.
         *
         * @param rank world rank
         * @param sequences that all ranks together have read already, in a run that is continued
         */
        BatchSource open(int rank, long sequences);
    }
}
