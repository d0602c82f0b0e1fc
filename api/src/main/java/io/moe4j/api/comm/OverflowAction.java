package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * What happens when a rank would receive more rows than its capacity. Rows beyond the capacity are never written, in either case.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public enum OverflowAction {
    /** The step fails at its end, before the optimizer runs; the message has the capacity that was needed. */
    FAIL,
    /** Rows whose position in the arrival order is at or beyond the capacity are dropped (they count as zero), counted, and logged. */
    DROP
}
