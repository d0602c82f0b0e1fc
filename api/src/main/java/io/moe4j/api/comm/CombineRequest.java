package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Arguments of {@link CommBackend#combine}. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param rows a lease whose rows the experts have overwritten with their outputs, see {@link ReceivedRows#outputs_RD()}
 * @param out_TD (T, D), contiguous, of the configured return type: overwritten
 * @param scalars_TK F32 (T, K): overwritten with the scalars that the experts wrote to {@link ReceivedRows#scalars_R()}; 0 for dropped rows. A round
 *     overwrites only the scalars of its own rows
 * @param waiting_ND (N, D), of the configured return type: memory for the rows of a round until the last round sums them, in slot order. Required in every
 *     combine if {@link CommBackend#maxRounds()} is above 1, the same tensor for all rounds of a plan; its content is lost. Since SPI 1.3
 * @param besideMain whether the main stream may continue before the exchange has read its arguments. Until {@link PendingTokens#await()}, the caller must then
 *     neither change them, nor read the results, nor give back their memory. A backend without a second stream ignores it. Since SPI 1.3
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CombineRequest(ReceivedRows rows, Tensor out_TD, Optional<Tensor> scalars_TK,
        Optional<Tensor> waiting_ND, boolean besideMain) {

    /** The components of SPI 1.2. */
    public CombineRequest(ReceivedRows rows, Tensor out_TD, Optional<Tensor> scalars_TK) {
        this(rows, out_TD, scalars_TK, Optional.empty(), false);
    }

    /** Rows without scalars. */
    public static CombineRequest of(ReceivedRows rows, Tensor out_TD) {
        return new CombineRequest(rows, out_TD, Optional.empty(), Optional.empty(), false);
    }

    public CombineRequest withScalars(Tensor scalars) {
        return new CombineRequest(rows, out_TD, Optional.of(scalars), waiting_ND, besideMain);
    }

    /**
     * With memory for the rows of rounds before the last.
     *
     * @since 0.3.0
     */
    public CombineRequest withWaiting(Tensor rowsOfSlots) {
        return new CombineRequest(rows, out_TD, scalars_TK, Optional.of(rowsOfSlots), besideMain);
    }

    /**
     * With or without permission to run at the same time as the main stream, until the sums are awaited.
     *
     * @since 0.3.0
     */
    public CombineRequest withBesideMain(boolean beside) {
        return new CombineRequest(rows, out_TD, scalars_TK, waiting_ND, beside);
    }
}
