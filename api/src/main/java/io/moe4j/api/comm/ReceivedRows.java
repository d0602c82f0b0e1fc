package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A lease on a receive buffer. It ends when the next dispatch takes over the buffer; its methods then throw an
 * {@link IllegalStateException} that names both dispatches. Rows that a dispatch {@linkplain DispatchRequest#keepsRows() keeps} lie elsewhere:
 * {@link #rows_RD()} and {@link #weights_R()} stay valid until {@link #release()}, whatever is dispatched in between.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ReceivedRows {

    /** The plan with which the rows were dispatched. */
    DispatchPlan plan();

    /**
     * (R_max, D), of the configured row type, with the scales that arrived with the rows if that type has scales. Row r &lt; R is valid; all others are
     * undefined and must not be read or written. Experts may overwrite valid rows until they are combined: after that, other ranks may be fetching them, and
     * only the next dispatch into the buffer waits for that.
     */
    Tensor rows_RD();

    /**
     * (R_max, D), of the configured return type: where experts write their outputs, or the gradients, that combine sends back, row r &lt; R. It is
     * {@link #rows_RD()} itself, or may share memory with it if the types differ: write outputs only after all rows have been read. Outputs do not overwrite
     * kept rows. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default Tensor outputs_RD() {
        return rows_RD();
    }

    /** F32 (R_max): the scalars that came with the rows; undefined if none were sent. */
    Tensor weights_R();

    /** F32 (R_max): where experts write the scalars that {@link CombineRequest#withScalars} sends back. */
    Tensor scalars_R();

    /**
     * Gives back the memory of kept rows, so that a later dispatch may use it. Call it after all work that reads the rows has been enqueued; afterwards
     * {@link #rows_RD()} and {@link #weights_R()} throw {@link IllegalStateException}. All ranks release in the same order. Does nothing for rows that are
     * not kept, or are released already. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default void release() {}
}
