package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Arguments of {@link CommBackend#combine}. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param rows a lease whose rows the experts have overwritten with their outputs, see {@link ReceivedRows#outputs_RD()}
 * @param out_TD (T, D), contiguous, of the configured return type: overwritten
 * @param scalars_TK F32 (T, K): overwritten with what the experts wrote to {@link ReceivedRows#scalars_R()}; 0 for dropped rows
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CombineRequest(ReceivedRows rows, Tensor out_TD, Optional<Tensor> scalars_TK) {

    /** Rows without scalars. */
    public static CombineRequest of(ReceivedRows rows, Tensor out_TD) {
        return new CombineRequest(rows, out_TD, Optional.empty());
    }

    public CombineRequest withScalars(Tensor scalars) {
        return new CombineRequest(rows, out_TD, Optional.of(scalars));
    }
}
