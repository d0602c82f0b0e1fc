package io.moe4j.autograd.recompute;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;

/**
 * The SPI of recompute policies (activation checkpointing); selected by {@code activation_checkpoint.mode}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface RecomputePolicyProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. */
    String SPI_VERSION = "1.1";

    /** Whether the whole segment is computed again, so that none of its intermediate values needs to survive until backward. */
    boolean recomputesFully();

    /** The policy. */
    RecomputePolicy policy();
}
