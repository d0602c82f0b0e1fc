package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * What one rank reads in one step: B·S tokens of each of its microbatches, sequence after sequence.
 *
 * @param ids_T token ids
 * @param labels_T the token that follows each of them
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
@SuppressWarnings("ArrayRecordComponent")
public record Batch(int[] ids_T, int[] labels_T) implements StepData {
    public Batch {
        if (ids_T.length != labels_T.length) {
            throw new IllegalArgumentException(ids_T.length + " ids and " + labels_T.length
                    + " labels; give each token the one that follows it");
        }
    }

    /** Tokens of the step. */
    public int tokens() {
        return ids_T.length;
    }
}
