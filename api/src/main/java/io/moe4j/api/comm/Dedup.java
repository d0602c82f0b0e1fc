package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * Whether a row that several experts of one rank need is sent to that rank only once, and copied to its other places there. The received rows have the
 * same bits in either case. Since SPI 1.3.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Dedup {
    /**
     * Once to ranks on other devices, if that saves enough bytes; see {@link io.moe4j.api.comm.support.DedupRule}. Each copy separately to ranks on the
     * same device, where no link would be relieved, and copying on arrival costs more.
     */
    AUTO,
    /** Once to every other rank, wherever it is. Only for backends that {@linkplain CommBackendProvider#sendsRowsOnce() can}. */
    ON,
    /** Each copy is sent separately. */
    OFF
}
