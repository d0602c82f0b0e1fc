package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.trainer.step.EvaluationOutcome;
import java.util.List;
import java.util.Optional;

/**
 * The result of a validation, or of another evaluation.
 *
 * @param step the step after which it was made; 0 if it is not part of a run
 * @param loss mean cross-entropy over all tokens that have a label; NaN if there is none
 * @param perplexity e to the power of the loss; infinite above 1.8e308
 * @param tokens number of tokens that have a label, of all ranks together
 * @param sequences number of sequences that have such a token
 * @param batches number of batches that were evaluated, each by all ranks
 * @param seconds seconds that it took
 * @param droppedRows rows that were dropped, all ranks together
 * @param stoppedBy the ranks whose processes were asked to end, if the evaluation ended early because of that
 * @param problem why there is no loss, or the loss is not that of all the data, in words; empty if all is well
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ValidationResult(long step, double loss, double perplexity, long tokens, long sequences, long batches,
        double seconds, long droppedRows, List<Integer> stoppedBy, Optional<String> problem) {

    public ValidationResult {
        stoppedBy = List.copyOf(stoppedBy);
    }

    /** Tokens per second, of all ranks together. */
    public double tokensPerSecond() {
        return seconds > 0 ? tokens / seconds : 0;
    }

    static ValidationResult of(long step, EvaluationOutcome outcome, double seconds) {
        return switch (outcome) {
            case EvaluationOutcome.Completed all -> new ValidationResult(step, all.loss(), all.perplexity(),
                    all.tokens(), all.sequences(), all.batches(), seconds, all.droppedRows(), List.of(), problem(all));
            case EvaluationOutcome.Stopped(long batches, List<Integer> ranks) -> none(step, batches, seconds, ranks,
                    "it was broken off after " + batches + " batches, since the process of rank " + ranks.getFirst()
                            + " was asked to end");
            case EvaluationOutcome.WithoutData(String reasons) -> none(step, 0, seconds, List.of(),
                    "the data cannot be read: " + reasons);
        };
    }

    private static ValidationResult none(long step, long batches, double seconds, List<Integer> stoppedBy,
            String problem) {
        return new ValidationResult(step, Double.NaN, Double.NaN, 0, 0, batches, seconds, 0, stoppedBy,
                Optional.of(problem));
    }

    private static Optional<String> problem(EvaluationOutcome.Completed all) {
        if (all.tokens() == 0) {
            return Optional.of("the data has no token that counts; give text, with labels");
        }
        if (all.nonFinite() > 0) {
            return Optional.of("the loss of " + all.nonFinite() + " of " + all.tokens() + " tokens is NaN or infinite");
        }
        return all.droppedRows() == 0 ? Optional.empty()
                : Optional
                        .of("a rank was to receive " + all.receivedRowsMax() + " rows in one exchange and has room for "
                                + all.receiveCapacityRows() + ": " + all.droppedRows()
                                + " rows were dropped, which changes the loss; raise moe.receive_capacity");
    }
}
