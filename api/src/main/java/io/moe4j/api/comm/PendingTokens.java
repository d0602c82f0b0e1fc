package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/** A combine that was launched. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface PendingTokens {

    /** Orders the rank's main stream behind the sums, and returns the request's {@code out_TD}. The host does not wait. */
    Tensor await();
}
