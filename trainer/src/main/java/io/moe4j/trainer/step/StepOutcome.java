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
     * The optimizer has run; or no label of the step counts, and nothing has changed.
     *
     * @param labels how many labels count, of all ranks and microbatches
     * @param loss mean over these labels; NaN if there are none
     * @param gradientNorm of the mean loss, over all shards, before clipping; 0 if no label counts
     * @param learningRate that was applied
     * @param hostSyncs the most that a host waited inside forward and backward
     * @param captured whether forward and backward were replayed
     * @param receivedRowsMax the most rows that a rank was to receive in one exchange
     * @param receiveCapacityRows what a rank can receive
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
     * @param reasons why, with the ranks that had none
     */
    record WithoutData(String reasons) implements StepOutcome {}

    /**
     * A rank was to receive more rows than it can, and that is not allowed.
     *
     * @param rank the one with the most
     * @param requiredRows what it was to receive
     * @param capacityRows what it can
     */
    record Overflowed(int rank, long requiredRows, long capacityRows) implements StepOutcome {}

    /**
     * Rows were dropped, and that is not allowed, although no rank says that it was to receive more than it can.
     *
     * @param rank the first one that has dropped rows
     * @param droppedRows what it has dropped
     * @param requiredRows the most that a rank says it was to receive
     * @param capacityRows what it can
     */
    record Dropped(int rank, long droppedRows, long requiredRows, long capacityRows) implements StepOutcome {}

    /**
     * Ranks hold different copies of what should be equal.
     *
     * @param differences what, and which ranks
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
