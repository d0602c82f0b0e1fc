package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A combine that was launched.
 *
 * @since 0.1.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface PendingTokens {

    /** Makes the rank's main stream wait for the sums, and returns the request's {@code out_TD}. The host does not wait. */
    Tensor await();
}
