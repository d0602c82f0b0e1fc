package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * A dispatch that was launched.
 *
 * @since 0.1.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface PendingRows {

    /** Makes the rank's main stream wait for the arrival of all rows, and gives access to them. The host does not wait. */
    ReceivedRows await();
}
