package io.moe4j.model.deepseek;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.RoutingOps.Gate;

/** The second half of a block. */
@Stability(Stability.Level.EVOLVING)
public sealed interface FeedForward {

    /**
     * One SwiGLU network for all tokens.
     *
     * @param hidden its inner dimension
     */
    record Dense(long hidden) implements FeedForward {
        public Dense {
            if (hidden < 1) {
                throw new IllegalArgumentException("dense hidden dimension " + hidden + ": it must be at least 1");
            }
        }
    }

    /**
     * K of E networks for each token, and some that all tokens share.
     *
     * @param experts E
     * @param hidden F, inner dimension of an expert
     * @param shared how many experts all tokens share, computed as one of {@code shared · hidden}; may be 0
     * @param gate how experts are selected and weighted
     */
    record MixtureOfExperts(int experts, long hidden, int shared, Gate gate) implements FeedForward {
        public MixtureOfExperts {
            boolean counts = experts >= 1 && hidden >= 1 && shared >= 0 && gate.topK() >= 1 && gate.topK() <= experts;
            boolean groups = gate.groups() >= 1 && experts % gate.groups() == 0 && gate.keptGroups() >= 1
                    && gate.keptGroups() <= gate.groups();
            if (!counts || !groups || gate.topK() > (long) gate.keptGroups() * (experts / gate.groups())) {
                throw new IllegalArgumentException(experts + " experts of hidden dimension " + hidden + ", " + shared
                        + " shared, " + gate + ": groups must divide the experts, and top-k experts must fit into the"
                        + " kept groups");
            }
            if (gate.keptGroups() < gate.groups() && experts / gate.groups() < 2) {
                throw new IllegalArgumentException(experts + " experts in " + gate.groups()
                        + " groups: a group is valued by its two best experts, so it needs at least two");
            }
        }

        /** Inner dimension of the shared network. */
        public long sharedHidden() {
            return shared * hidden;
        }
    }
}
