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
     * All batches that were asked for, or that the data has, were evaluated.
     *
     * @param lossSum sum of the losses of all tokens that have a label, of all ranks
     * @param tokens how many tokens have a label
     * @param nonFinite how many of these tokens have a loss that is NaN or infinite
     * @param sequences how many sequences have a token with a label
     * @param batches how many passes of all ranks together had data on at least one rank
     * @param receivedRowsMax the most rows that a rank was to receive in one exchange
     * @param receiveCapacityRows rows that a rank has room for in one exchange
     * @param droppedRows rows that were dropped, all ranks together
     */
    record Completed(double lossSum, long tokens, long nonFinite, long sequences, long batches, long receivedRowsMax,
            long receiveCapacityRows, long droppedRows) implements EvaluationOutcome {

        /** Mean over the tokens; NaN if there are none. */
        public double loss() {
            return lossSum / tokens;
        }

        /** e to the power of the loss; infinite if that is above 1.8e308. */
        public double perplexity() {
            return Math.exp(loss());
        }
    }

    /**
     * A rank was asked to end.
     *
     * @param batches how many batches were evaluated until then
     * @param ranks the ranks that were asked
     */
    record Stopped(long batches, List<Integer> ranks) implements EvaluationOutcome {}

    /**
     * A rank's data could not be read.
     *
     * @param reasons the reasons, with the ranks
     */
    record WithoutData(String reasons) implements EvaluationOutcome {}
}
