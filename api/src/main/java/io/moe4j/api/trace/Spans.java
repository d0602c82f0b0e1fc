package io.moe4j.api.trace;

import io.moe4j.api.Stability;

/**
 * Records when pieces of a rank's work begin and end, on the host and on the device. Outside of the steps that are profiled, {@link #isRecording} is
 * false and {@link #open} does nothing. Used by the rank's thread only.
 *
 * <pre>{@code
 * try (Spans.Span span = rank.spans().open("dispatch", "layers.3")) {
 *     // enqueue the work
 * }
 * }</pre>
 *
 * <p>A span covers all work that is enqueued on the rank's main stream while it is open. Spans nest: close them in reverse order.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Spans {

    /** Whether spans are recorded now. Check it first if the detail of a span is expensive to compute. */
    boolean isRecording();

    /**
     * Begins a span.
     *
     * @param name the kind of work, the same in all layers and steps, such as {@code "dispatch"}
     * @param detail further information, such as the name of a layer; may be empty
     */
    Span open(String name, String detail);

    /** Records nothing. */
    static Spans none() {
        return NoSpans.NONE;
    }

    /**
     * A span that has begun.
     *
     * @since 0.3.0
     */
    @FunctionalInterface
    interface Span extends AutoCloseable {

        /** Ends it. */
        @Override
        void close();

        /** A span that is not recorded. */
        static Span none() {
            return NoSpans.SPAN;
        }
    }
}
