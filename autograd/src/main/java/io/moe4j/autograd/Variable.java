package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor on a tape. Once backward has reached it, it has the gradient with respect to this tensor.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Variable {
    private final Tensor tensor;
    private final boolean needsGradient;
    private @Nullable Tensor gradient;
    private boolean gradientShared;

    Variable(Tensor tensor, boolean needsGradient) {
        this.tensor = tensor;
        this.needsGradient = needsGradient;
    }

    /** Its value. Work that reads it runs after the work that computes it. */
    public Tensor tensor() {
        return tensor;
    }

    /** Whether backward computes the gradient with respect to this tensor. */
    public boolean needsGradient() {
        return needsGradient;
    }

    /**
     * The gradient with respect to this tensor, of its shape and type.
     *
     * @throws IllegalStateException if backward has not reached the tensor, or if it needs no gradient
     */
    public Tensor gradient() {
        if (gradient == null) {
            throw new IllegalStateException("no gradient has reached " + tensor
                    + (needsGradient ? "; run backward on an output that depends on it first"
                            : ": it was declared to need none"));
        }
        return gradient;
    }

    /** Whether a gradient has reached it. */
    public boolean hasGradient() {
        return gradient != null;
    }

    boolean isGradientShared() {
        return gradientShared;
    }

    void setGradient(Tensor value, boolean shared) {
        gradient = value;
        gradientShared = shared;
    }
}
