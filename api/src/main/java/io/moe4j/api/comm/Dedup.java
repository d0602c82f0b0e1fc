package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * Whether a row that several experts of one rank want is sent to that rank once, and copied to its other places there. The received rows are the same
 * in every bit. Since SPI 1.3.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Dedup {
    /**
     * Once to the ranks on other devices, where that saves enough bytes; see {@link io.moe4j.api.comm.support.DedupRule}. To ranks on the same device,
     * each copy by itself: there is no link to spare, and copying again costs more.
     */
    AUTO,
    /** Once to every other rank, wherever it is. Only for backends that {@linkplain CommBackendProvider#sendsRowsOnce() can}. */
    ON,
    /** Each copy by itself. */
    OFF
}
