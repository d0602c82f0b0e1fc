package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * The receive buffers of a backend; all layers share them, and each dispatch takes its buffer over from the dispatch before.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ReceiveBuffer {
    /** Forward, and recompute: the experts' input, overwritten by their output. */
    ACTIVATIONS,
    /**
     * A second buffer for backward: it receives the gradient of the experts' output while the recomputed input, which the weights' gradients need,
     * stays in the first.
     */
    GRADIENTS
}
