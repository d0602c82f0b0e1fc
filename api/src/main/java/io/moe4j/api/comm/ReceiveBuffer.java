package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/** The receive buffers of a backend; each is shared by all layers, and each dispatch takes it over. */
@Stability(Stability.Level.EVOLVING)
public enum ReceiveBuffer {
    /** Forward, and recompute: the experts' input, overwritten by their output. */
    ACTIVATIONS,
    /** Backward needs the recomputed input for the weights' gradients while the output's gradient arrives: a second buffer. */
    GRADIENTS
}
