package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;

/**
 * What a gate has decided in forward: kept, so that recompute and backward route exactly as forward did, and nothing is sorted or counted twice.
 *
 * @param ids_TK I32, in kept memory
 * @param plan where the rows go
 */
record Routing(Tensor ids_TK, DispatchPlan plan) {}
