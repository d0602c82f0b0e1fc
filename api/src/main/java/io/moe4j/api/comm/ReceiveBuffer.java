package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * The receive buffers of a backend. All layers share them; each dispatch into a buffer takes it over from the previous dispatch.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ReceiveBuffer {
    /** Forward, and recompute: the experts' input, overwritten by their output. */
    ACTIVATIONS,
    /**
     * A second buffer for backward: it receives the gradient with respect to the experts' output, while the recomputed input, which the gradients with
     * respect to the weights need, stays in the first.
     */
    GRADIENTS
}
