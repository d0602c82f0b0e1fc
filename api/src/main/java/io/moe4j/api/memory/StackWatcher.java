package io.moe4j.api.memory;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.function.Consumer;

/**
 * Receives every allocation and release of a {@link MemoryStack}. A host that checks plug-ins uses it to poison and guard memory. Called on the
 * stack's own thread. Since 0.2.0.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface StackWatcher {

    /** Bytes that the stack leaves unused after each tensor: a multiple of {@link MemoryStack#ALIGNMENT}, always the same. */
    long guardBytes();

    /** A tensor was allocated. */
    void taken(Taken taken);

    /** A region, passed as a tensor of I32, was given back: no tensor in it is valid any more. */
    void released(Tensor region);

    /** A watcher that passes releases to {@code action}, ignores allocations, and needs no guard bytes. */
    static StackWatcher onRelease(Consumer<Tensor> action) {
        return new StackWatcher() {
            @Override
            public long guardBytes() {
                return 0;
            }

            @Override
            public void taken(Taken taken) {
                // only releases are reported
            }

            @Override
            public void released(Tensor region) {
                action.accept(region);
            }
        };
    }

    /**
     * One allocation.
     *
     * @param purpose purpose of the tensor
     * @param tensor the tensor itself
     * @param rest BF16: the bytes from its end to the next tensor, for alignment and as a guard; they must not be written
     * @param kept whether it lives until the end of the step ({@link MemoryStack#keep}), not only until its scope closes
     */
    record Taken(String purpose, Tensor tensor, Tensor rest, boolean kept) {

        /** A tensor that lives until its scope closes. */
        public static Taken of(String purpose, Tensor tensor, Tensor rest) {
            return new Taken(purpose, tensor, rest, false);
        }

        /** The same, whether kept until the end of the step or not. */
        public Taken withKept(boolean untilTheStepEnds) {
            return new Taken(purpose, tensor, rest, untilTheStepEnds);
        }
    }
}
