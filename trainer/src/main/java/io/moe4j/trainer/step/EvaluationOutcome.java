package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * How an evaluation ended; the same on every rank.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface EvaluationOutcome {

    /**
     * All batches were evaluated, or all that the data has.
     *
     * @param lossSum of all tokens that have a label, of all ranks
     * @param tokens how many these are
     * @param nonFinite how many of these have a loss that is NaN or infinite
     * @param sequences that have a token with a label
     * @param batches passes of all ranks together in which at least one rank had data
     * @param receivedRowsMax the most rows that a rank was to receive in one exchange
     * @param receiveCapacityRows what a rank can receive
     * @param droppedRows rows that were dropped, all ranks together
     */
    record Completed(double lossSum, long tokens, long nonFinite, long sequences, long batches, long receivedRowsMax,
            long receiveCapacityRows, long droppedRows) implements EvaluationOutcome {

        /** Mean over the tokens; NaN if there are none. */
        public double loss() {
            return lossSum / tokens;
        }

        /** e to the power of the loss: infinite where that is above 1.8e308. */
        public double perplexity() {
            return Math.exp(loss());
        }
    }

    /**
     * A rank was asked to end.
     *
     * @param batches that were evaluated
     * @param ranks that were asked
     */
    record Stopped(long batches, List<Integer> ranks) implements EvaluationOutcome {}

    /**
     * A rank's data could not be read.
     *
     * @param reasons why, with the ranks
     */
    record WithoutData(String reasons) implements EvaluationOutcome {}
}
