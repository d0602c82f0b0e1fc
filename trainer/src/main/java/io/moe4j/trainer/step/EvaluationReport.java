package io.moe4j.trainer.step;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A rank's message to the others at the end of an evaluation.
 *
 * @param lossSum sum of the losses of its tokens that have a label
 * @param tokens how many of its tokens have a label
 * @param nonFinite how many of these tokens have a loss that is not finite
 * @param sequences how many sequences have such a token
 * @param requiredRows the most rows that it was to receive in one exchange
 * @param droppedRows rows that were dropped on it
 */
record EvaluationReport(double lossSum, long tokens, long nonFinite, long sequences, long requiredRows,
        long droppedRows) {

    byte[] encode() {
        return ByteBuffer.allocate(6 * Long.BYTES).putDouble(lossSum).putLong(tokens).putLong(nonFinite)
                .putLong(sequences).putLong(requiredRows).putLong(droppedRows).array();
    }

    static EvaluationReport decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new EvaluationReport(buffer.getDouble(), buffer.getLong(), buffer.getLong(), buffer.getLong(),
                buffer.getLong(), buffer.getLong());
    }

    /** Adds the reports of all ranks, in the order of the ranks. */
    static EvaluationOutcome.Completed sum(List<EvaluationReport> ranks, long batches, long capacityRows) {
        return new EvaluationOutcome.Completed(
                ranks.stream().map(EvaluationReport::lossSum).reduce(0.0, Double::sum),
                ranks.stream().mapToLong(EvaluationReport::tokens).sum(),
                ranks.stream().mapToLong(EvaluationReport::nonFinite).sum(),
                ranks.stream().mapToLong(EvaluationReport::sequences).sum(), batches,
                ranks.stream().mapToLong(EvaluationReport::requiredRows).max().orElse(0), capacityRows,
                ranks.stream().mapToLong(EvaluationReport::droppedRows).sum());
    }
}
