package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * One of the microbatches whose gradients a step sums. For example, a step of 4 microbatches of 2 sequences has the gradients of 8 sequences, and
 * needs the activation memory of 2.
 *
 * @param index from 0
 * @param count microbatches of the step, at least 1
 * @param documents where documents begin in its sequences; absent if each sequence is one document
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Microbatch(int index, int count, Optional<DocumentStarts> documents) {
    /** The only microbatch of its step. */
    public static final Microbatch ONLY = of(0, 1);

    public Microbatch {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("microbatch " + index + " of " + count
                    + ": the index must be at least 0 and below the count");
        }
    }

    /** Microbatch {@code index} of {@code count}, of sequences of one document each. */
    public static Microbatch of(int index, int count) {
        return new Microbatch(index, count, Optional.empty());
    }

    /** The same microbatch, with other documents. */
    public Microbatch withDocuments(Optional<DocumentStarts> bounds) {
        return new Microbatch(index, count, bounds);
    }

    /** Whether its gradients and counts overwrite what an earlier step left; those of later microbatches are added. */
    public boolean isFirst() {
        return index == 0;
    }

    /** Whether the sums of the step are complete after it. */
    public boolean isLast() {
        return index == count - 1;
    }
}
