package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A lease on a receive buffer. It ends when the next dispatch takes the buffer over; its methods then throw
 * {@link IllegalStateException}, naming both dispatches. Rows that a dispatch {@linkplain DispatchRequest#keepsRows() keeps} lie elsewhere:
 * {@link #rows_RD()} and {@link #weights_R()} stay valid until {@link #release()}, whatever is dispatched in between.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ReceivedRows {

    /** The plan that the rows came by. */
    DispatchPlan plan();

    /**
     * (R_max, D): row r &lt; R is valid, all others are undefined and must not be read or written. Experts may overwrite valid rows until
     * these are combined: from then on other ranks may be fetching them, and only the next dispatch into the buffer waits for that. Of the configured row
     * type, with the scales that came with the rows if that has scales.
     */
    Tensor rows_RD();

    /**
     * (R_max, D), of the configured return type: where experts write row r &lt; R of their outputs, or of the gradients, that combine brings back. It
     * is {@link #rows_RD()} itself, or may share memory with it where the types differ: write outputs when no row is read any more. Kept rows are not
     * touched by outputs. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default Tensor outputs_RD() {
        return rows_RD();
    }

    /** F32 (R_max): the scalars that came with the rows; undefined if none were sent. */
    Tensor weights_R();

    /** F32 (R_max): where experts write the scalars that {@link CombineRequest#withScalars} brings back. */
    Tensor scalars_R();

    /**
     * Gives the memory of kept rows back: a later dispatch may take it. Call it after all work that reads the rows has been enqueued; afterwards
     * {@link #rows_RD()} and {@link #weights_R()} throw {@link IllegalStateException}. All ranks release in the same order. Does nothing for rows that are
     * not kept, or are released already. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default void release() {}
}
