package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * The routing decision of a gate in forward. It is kept, so that recompute and backward route exactly as forward did, without sorting or counting again.
 *
 * @param ids_TK I32 expert ids, in kept memory
 * @param plan where the rows go
 * @param counts_BE how often each sequence selected each expert, in kept memory, if there are auxiliary losses
 */
record Routing(Tensor ids_TK, DispatchPlan plan, Optional<Tensor> counts_BE) {}
