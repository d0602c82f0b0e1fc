package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/** What is done when a rank would receive more rows than its capacity. Rows beyond the capacity are never written, in either case. */
@Stability(Stability.Level.STABLE)
public enum OverflowAction {
    /** The step is refused at its end, before the optimizer runs; the message has the capacity that was needed. */
    FAIL,
    /** Rows whose place in the arrival order is at or beyond the capacity are dropped (they count as zero), counted, and logged. */
    DROP
}
