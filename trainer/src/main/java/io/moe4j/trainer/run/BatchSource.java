package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import io.moe4j.data.DataPosition;
import io.moe4j.data.SourceProgress;
import io.moe4j.trainer.step.Batch;
import java.util.List;
import java.util.Optional;

/**
 * Gives the batches that one rank reads.
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

    /**
     * For validation and evaluation: the rank's next batch, or nothing if its data has ended. A last batch that the data does not fill has labels of -100
     * in its unused places, which do not count. Ranks may have different numbers of batches. Sources for training never end.
     *
     * @throws io.moe4j.api.InputException if the data cannot be read
     * @since 0.3.0
     */
    default Optional<Batch> poll() {
        return Optional.of(next());
    }

    /** The counts of documents, bad lines and so on of the current pass over the data, as far as it was read. */
    default DataCounts counts() {
        return DataCounts.NONE;
    }

    /**
     * The position of the data after the last batch that was given, for all ranks together. Called between steps.
     *
     * @since 0.3.0
     */
    default Optional<DataPosition> position() {
        return Optional.empty();
    }

    /**
     * How far each source of the data was read.
     *
     * @since 0.3.0
     */
    default List<SourceProgress> progress() {
        return List.of();
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

        /**
         * Opens it at the position from which a continued run reads.
         *
         * @param rank world rank
         * @param sequences that all ranks together have read already
         * @param position the value of {@link BatchSource#position()} when the run was saved, if it was known
         * @since 0.3.0
         */
        default BatchSource open(int rank, long sequences, Optional<DataPosition> position) {
            return open(rank, sequences);
        }
    }
}
