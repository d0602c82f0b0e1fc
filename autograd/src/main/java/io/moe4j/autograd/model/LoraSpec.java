package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Low-rank adaptation (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021): all parameters are frozen, and each of some matrices w (O, I)
 * is updated by alpha / rank · b · a, of which a (rank, I) and b (O, rank) are trained. In the beginning b is zero, so that nothing is updated.
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
