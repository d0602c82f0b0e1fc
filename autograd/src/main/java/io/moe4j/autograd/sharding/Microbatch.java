package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * One of the microbatches whose gradients a step sums. For example, a step of 4 microbatches of 2 sequences has the gradients of 8 sequences, and
 * needs the activation memory of 2.
 *
 * @param index from 0
 * @param count microbatches of the step, at least 1
 * @param documents where documents begin in its sequences; absent if each sequence is one document
 * @param ahead for each module for multi-token prediction, in their order, the tokens ahead; empty where no loss of such modules is computed. Since 0.3.0
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Microbatch(int index, int count, Optional<DocumentStarts> documents, List<TokensAhead> ahead) {
    /** The only microbatch of its step. */
    public static final Microbatch ONLY = of(0, 1);

    public Microbatch {
        ahead = List.copyOf(ahead);
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("microbatch " + index + " of " + count
                    + ": the index must be at least 0 and below the count");
        }
    }

    /** Microbatch {@code index} of {@code count}, of sequences of one document each. */
    public static Microbatch of(int index, int count) {
        return new Microbatch(index, count, Optional.empty(), List.of());
    }

    /** The same microbatch, with other documents. */
    public Microbatch withDocuments(Optional<DocumentStarts> bounds) {
        return new Microbatch(index, count, bounds, ahead);
    }

    /**
     * The same microbatch, with tokens ahead.
     *
     * @since 0.3.0
     */
    public Microbatch withTokensAhead(List<TokensAhead> tokens) {
        return new Microbatch(index, count, documents, tokens);
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
