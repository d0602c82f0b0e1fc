package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import io.moe4j.trainer.step.Batch;

/**
 * What one rank reads.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface BatchSource extends AutoCloseable {
    /**
     * The rank's next batch.
     *
     * @throws io.moe4j.api.InputException if the data cannot be read: the run ends before the step, and can be saved
     */
    Batch next();

    /** What one pass over the data has met, as far as it was read. */
    default DataCounts counts() {
        return DataCounts.NONE;
    }

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
