package io.moe4j.api.capture;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;

/**
 * Recorded work. A replay uses the memory addresses that were recorded.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CapturedGraph extends AutoCloseable {

    /**
     * Enqueues all recorded work.
     *
     * @throws CaptureException if memory that it uses has been freed
     */
    void replay(Stream stream);

    /** Number of recorded operations. */
    long size();

    @Override
    void close();
}
