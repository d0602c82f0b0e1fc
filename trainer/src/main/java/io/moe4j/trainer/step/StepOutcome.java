package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * How a step ended; the same on every rank. Only {@link Completed} has changed anything.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface StepOutcome {

    /**
     * The step is complete: the optimizer has run, or no label of the step counts and nothing has changed.
     *
     * @param labels how many labels count, of all ranks and microbatches
     * @param loss mean over these labels; NaN if there are none
     * @param gradientNorm norm of the gradients of the mean loss, over all shards, before clipping; 0 if no label counts
     * @param learningRate the learning rate that was applied
     * @param hostSyncs how often a host waited for its device inside forward and backward; the largest number of all ranks
     * @param captured whether forward and backward were replayed
     * @param receivedRowsMax the most rows that a rank was to receive in one exchange
     * @param receiveCapacityRows rows that a rank has room for in one exchange
     * @param droppedRows rows that were dropped, all ranks together
     * @param rounds how many rounds the exchanges needed
     * @param stopping the ranks that want the run to end
     * @param layers how each layer has spread the tokens over its experts; empty in steps that do not read this
     * @param routerLosses means over all tokens and layers with experts, if there are such losses; since 0.3.0
     * @param predictionLosses mean cross-entropy of each module for multi-token prediction; since 0.3.0
     */
    record Completed(long labels, double loss, double gradientNorm, double learningRate, long hostSyncs,
            boolean captured,
            long receivedRowsMax, long receiveCapacityRows, long droppedRows, RoundCounts rounds,
            List<Integer> stopping,
            List<LayerLoad> layers, Optional<RouterLosses> routerLosses, List<Double> predictionLosses)
            implements StepOutcome {}

    /**
     * A rank had no batch.
     *
     * @param reasons the reasons, with the ranks that had no batch
     */
    record WithoutData(String reasons) implements StepOutcome {}

    /**
     * A rank was to receive more rows than it has room for, and the configuration does not allow that.
     *
     * @param rank the rank that was to receive the most
     * @param requiredRows rows that it was to receive in one exchange
     * @param capacityRows rows that it can receive
     */
    record Overflowed(int rank, long requiredRows, long capacityRows) implements StepOutcome {}

    /**
     * Rows were dropped, which is not allowed, although no rank reports that it was to receive more than it has room for.
     *
     * @param rank the first one that has dropped rows
     * @param droppedRows rows that it has dropped
     * @param requiredRows the most that a rank says it was to receive
     * @param capacityRows rows that it can receive
     */
    record Dropped(int rank, long droppedRows, long requiredRows, long capacityRows) implements StepOutcome {}

    /**
     * Ranks hold different copies of data that should be equal.
     *
     * @param differences what differs, and on which ranks
     */
    record Disagreed(String differences) implements StepOutcome {}

    /**
     * The loss or the gradients' norm is NaN or infinite.
     *
     * @param loss mean over all labels that count
     * @param gradientNorm over all shards
     * @param where the first segment whose output is not finite, by rank
     */
    record NonFinite(double loss, double gradientNorm, String where) implements StepOutcome {}
}
