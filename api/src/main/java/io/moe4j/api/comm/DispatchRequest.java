package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Arguments of {@link CommBackend#dispatch}. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param plan the destinations of the rows
 * @param x_TD (T, D), contiguous, of the configured row type; if that has scales, one for each piece of 1 × 128, contiguous: they travel with the rows
 * @param weights_TK F32 (T, K): a scalar to send with each row
 * @param into the buffer to receive into, and from which the experts' outputs are combined
 * @param keepsRows whether rows and scalars arrive in separate memory, where they stay until {@link ReceivedRows#release()}, so that recompute and backward
 *     need not dispatch them again. Await such a dispatch before the next one into the same buffer. At most {@link CommConfig#keptDispatches()} at the
 *     same time. Since SPI 1.3
 * @param besideMain whether the main stream may continue before the exchange has read its arguments. Until {@link PendingRows#await()}, the caller must then
 *     neither change them nor give back their memory. A backend without a second stream ignores it. Since SPI 1.3
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record DispatchRequest(DispatchPlan plan, Tensor x_TD, Optional<Tensor> weights_TK, ReceiveBuffer into,
        boolean keepsRows, boolean besideMain) {

    /** The components of SPI 1.2. */
    public DispatchRequest(DispatchPlan plan, Tensor x_TD, Optional<Tensor> weights_TK, ReceiveBuffer into) {
        this(plan, x_TD, weights_TK, into, false, false);
    }

    /** Rows without scalars. */
    public static DispatchRequest of(DispatchPlan plan, Tensor x_TD, ReceiveBuffer into) {
        return new DispatchRequest(plan, x_TD, Optional.empty(), into);
    }

    public DispatchRequest withWeights(Tensor weights) {
        return new DispatchRequest(plan, x_TD, Optional.of(weights), into, keepsRows, besideMain);
    }

    /**
     * With rows that are kept, or not.
     *
     * @since 0.3.0
     */
    public DispatchRequest withKeptRows(boolean kept) {
        return new DispatchRequest(plan, x_TD, weights_TK, into, kept, besideMain);
    }

    /**
     * With or without permission to run at the same time as the main stream, until the rows are awaited.
     *
     * @since 0.3.0
     */
    public DispatchRequest withBesideMain(boolean beside) {
        return new DispatchRequest(plan, x_TD, weights_TK, into, keepsRows, beside);
    }
}
