package io.moe4j.autograd.recompute;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import io.moe4j.autograd.SegmentProfile;
import java.util.List;

/**
 * The SPI of recompute policies (activation checkpointing); selected by {@code activation_checkpoint.mode}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface RecomputePolicyProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. 1.2 added policies that keep what fits into a budget. */
    String SPI_VERSION = "1.2";

    /**
     * Whether each segment is applied again in backward, so that none of its intermediate values needs to survive where forward has left it, such as
     * in a receive buffer that all blocks share. Results that are kept on purpose have memory of their own.
     */
    boolean recomputesFully();

    /** The policy; if the provider {@linkplain #takesBudget() takes a budget}, the policy that keeps nothing. */
    RecomputePolicy policy();

    /**
     * Whether the policy keeps what fits into a budget of memory ({@code activation_checkpoint.memory_budget}): then {@link #choose} and {@link
     * #policy(KeptChoice)} are used. Since SPI 1.2.
     */
    default boolean takesBudget() {
        return false;
    }

    /**
     * Chooses what is kept. The same arguments give the same choice on all ranks, and what is chosen takes at most {@code bytes}. Since SPI 1.2.
     *
     * @param segments all segments of a rank, in the order of the forward pass
     * @param bytes at least 0; 0 keeps nothing
     */
    default KeptChoice choose(List<SegmentProfile> segments, long bytes) {
        return KeptChoice.nothing();
    }

    /** The policy that keeps what was chosen. Since SPI 1.2. */
    default RecomputePolicy policy(KeptChoice choice) {
        return policy();
    }
}
