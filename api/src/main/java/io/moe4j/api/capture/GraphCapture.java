package io.moe4j.api.capture;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;

/**
 * Records work of a rank's stream.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface GraphCapture extends AutoCloseable {

    /**
     * Runs {@code body} once; its device work is recorded instead of executed.
     *
     * @param stream the rank's main stream; other streams join through events
     * @param body enqueues work; it must not read device values on the host
     * @throws CaptureException if the body makes a call that cannot be captured; the message names the call. The stream is usable afterwards
     */
    CapturedGraph capture(Stream stream, Runnable body);

    /** Closes the graphs that are still open. */
    @Override
    void close();
}
