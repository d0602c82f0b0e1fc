package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * How many rows a rank can receive.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public sealed interface ReceiveCapacity {

    /**
     * R_max: rows of the receive buffer.
     *
     * @param tokens T of each rank
     * @param topK K
     * @param experts E
     * @param ranks EP
     */
    long rows(long tokens, int topK, int experts, int ranks);

    /** Fits every routing: EP · T · min(K, E/EP). */
    record WorstCase() implements ReceiveCapacity {
        @Override
        public long rows(long tokens, int topK, int experts, int ranks) {
            return ranks * tokens * Math.min(topK, experts / ranks);
        }
    }

    /**
     * Exactly the load of routing that is forced to be round-robin, where routed row n goes to expert n mod E on every rank:
     * EP · (E/EP) · &lceil;T·K / E&rceil;, at most the worst case. For benchmarks.
     */
    record Balanced() implements ReceiveCapacity {
        @Override
        public long rows(long tokens, int topK, int experts, int ranks) {
            long perExpert = Math.ceilDiv(tokens * topK, (long) experts);
            return Math.min(perExpert * experts, new WorstCase().rows(tokens, topK, experts, ranks));
        }
    }

    /**
     * A multiple of the balanced load T·K, rounded up, at most the worst case.
     *
     * @param factor above 0. {@link OverflowAction} decides what happens to more rows than that. Below 1, even balanced routing does not fit, which only
     *     {@link OverflowAction#ROUNDS} can handle
     */
    record Factor(double factor) implements ReceiveCapacity {
        public Factor {
            if (!(factor > 0) || Double.isInfinite(factor)) {
                throw new IllegalArgumentException(
                        "receive capacity factor " + factor
                                + " is not a number above 0; the balanced load itself is 1");
            }
        }

        @Override
        public long rows(long tokens, int topK, int experts, int ranks) {
            long rows = (long) Math.ceil(factor * (tokens * topK));
            return Math.min(rows, new WorstCase().rows(tokens, topK, experts, ranks));
        }
    }

    /** Dropless. */
    static ReceiveCapacity worstCase() {
        return new WorstCase();
    }

    /** For forced round-robin routing. */
    static ReceiveCapacity balanced() {
        return new Balanced();
    }

    /** {@code factor} times the balanced load. */
    static ReceiveCapacity factor(double factor) {
        return new Factor(factor);
    }
}
