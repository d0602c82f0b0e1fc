package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.LossOps;
import java.util.Arrays;
import java.util.Optional;

/**
 * The tokens that one rank reads in one step: B·S for each of its microbatches, sequence after sequence.
 *
 * @param ids_T token ids
 * @param labels_T the token that follows each token, or {@link LossOps#IGNORED_LABEL} if a token has no loss
 * @param starts_T for each token, the place in its sequence where its document begins, if documents are kept apart. The first token of a sequence has 0,
 *        and each other one the value of the token before it, or its own place if a document begins with it. For example [0, 0, 2, 2, 2] for
 *        documents of 2 and 3 tokens in a sequence of 5
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
@SuppressWarnings("ArrayRecordComponent")
public record Batch(int[] ids_T, int[] labels_T, Optional<int[]> starts_T) implements StepData {
    public Batch {
        if (ids_T.length != labels_T.length) {
            throw new IllegalArgumentException(ids_T.length + " ids and " + labels_T.length
                    + " labels; give each token the one that follows it");
        }
        if (starts_T.isPresent() && starts_T.get().length != ids_T.length) {
            throw new IllegalArgumentException(ids_T.length + " ids and " + starts_T.get().length
                    + " starts; give each token the place where its document begins");
        }
    }

    /** A batch whose sequences have one document each. */
    public Batch(int[] ids_T, int[] labels_T) {
        this(ids_T, labels_T, Optional.empty());
    }

    /** The number of tokens, of all microbatches together. */
    public int tokens() {
        return ids_T.length;
    }

    /** How many labels count: all that are not {@link LossOps#IGNORED_LABEL}. */
    public long labels() {
        return Arrays.stream(labels_T).filter(label -> label != LossOps.IGNORED_LABEL).count();
    }
}
