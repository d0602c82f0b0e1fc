package io.moe4j.api.capture;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;

/** Recorded work. It uses the addresses that it was recorded with. */
@Stability(Stability.Level.EVOLVING)
public interface CapturedGraph extends AutoCloseable {

    /**
     * Enqueues all recorded work.
     *
     * @throws CaptureException if memory that it uses was freed since
     */
    void replay(Stream stream);

    /** Number of recorded operations. */
    long size();

    @Override
    void close();
}
