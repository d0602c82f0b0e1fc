package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * The destinations of the routed rows of one exchange: a value on the device, made once by {@link CommBackend#plan} and used by dispatch and combine
 * of forward, recompute and backward. Valid until the end of the step, and only with the backend that made it.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DispatchPlan {

    /** I32 (e): inclusive running sums of the rows that this rank's experts receive, at most the capacity. The last one is R. */
    Tensor offsets_e();

    /** I32 (E): tokens that all ranks of the group together routed to each expert. */
    Tensor tokensPerExpert_E();

    /**
     * I32 (1): of the first of this rank's experts that has rows in this round, how many rows earlier rounds had; absent in the first round. Pass it to
     * {@link io.moe4j.api.expert.GroupedProduct.Forward#before_1()}. Since SPI 1.3.
     *
     * @since 0.3.0
     */
    default Optional<Tensor> before_1() {
        return Optional.empty();
    }
}
