package io.moe4j.trainer.step;

import io.moe4j.api.ops.LossOps;

/**
 * The sums of one rank, token by token in double precision, so that the division of tokens into batches affects only the rounding of these sums.
 */
final class EvaluationSums {
    private final int sequenceTokens;
    private double loss;
    private long tokens;
    private long nonFinite;
    private long sequences;

    /** @param sequenceTokens S */
    EvaluationSums(int sequenceTokens) {
        this.sequenceTokens = sequenceTokens;
    }

    /**
     * Adds those tokens of a batch that have a label.
     *
     * @param labels labels of all tokens; {@link LossOps#IGNORED_LABEL} for tokens that do not count
     * @param losses losses of all tokens
     */
    void add(int[] labels, float[] losses) {
        boolean counts = false;
        for (int t = 0; t < labels.length; t++) {
            if (t % sequenceTokens == 0) {
                sequences += counts ? 1 : 0;
                counts = false;
            }
            if (labels[t] != LossOps.IGNORED_LABEL) {
                counts = true;
                tokens++;
                loss += losses[t];
                nonFinite += Float.isFinite(losses[t]) ? 0 : 1;
            }
        }
        sequences += counts ? 1 : 0;
    }

    EvaluationReport report(long requiredRows, long droppedRows) {
        return new EvaluationReport(loss, tokens, nonFinite, sequences, requiredRows, droppedRows);
    }
}
