package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Low-rank adaptation (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021): all parameters of the model are frozen. To each target matrix
 * w (O, I), the update alpha / rank · b · a is added, where a (rank, I) and b (O, rank) are trained. Initially b is zero, so that the model computes what it
 * did before.
 *
 * @param rank r, at least 1
 * @param alpha the update has the factor alpha / rank
 * @param targets which matrices are updated: names that {@link ModelSpec#adapterTargets} lists
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record LoraSpec(int rank, double alpha, Set<String> targets) {

    public LoraSpec {
        targets = Collections.unmodifiableSet(new LinkedHashSet<>(targets));
        if (rank < 1 || !(alpha > 0) || !Double.isFinite(alpha) || targets.isEmpty()) {
            throw new IllegalArgumentException("low-rank updates of rank " + rank + ", alpha " + alpha + ", targets "
                    + targets + ": rank is at least 1, alpha above 0, and there is a target");
        }
    }

    /** Updates of these matrices. */
    public static LoraSpec of(int rank, double alpha, Set<String> targets) {
        return new LoraSpec(rank, alpha, targets);
    }

    /** alpha / rank. */
    public float scale() {
        return (float) (alpha / rank);
    }
}
