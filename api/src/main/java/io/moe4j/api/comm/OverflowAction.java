package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * What happens when a rank would receive more rows than its capacity. No row is ever written beyond the capacity.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public enum OverflowAction {
    /** The step fails at its end, before the optimizer runs; the message has the capacity that was needed. */
    FAIL,
    /** Rows whose position in the arrival order is at or beyond the capacity are dropped (they count as zero), counted, and logged. */
    DROP,
    /**
     * Nothing is lost: rows that do not fit are exchanged in further rounds through the same buffer. Round r has the rows whose position in the arrival order
     * lies in [r · C, (r + 1) · C), where C is the capacity. Only for backends whose provider {@linkplain CommBackendProvider#supportsRounds supports}
     * rounds. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    ROUNDS
}
