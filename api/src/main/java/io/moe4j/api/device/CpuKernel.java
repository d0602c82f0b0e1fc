package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * A kernel written in Java. It is called when the stream reaches it, possibly many times (replay), possibly on another thread.
 *
 * @since 0.1.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface CpuKernel {

    /** Does the work; returns when it is done. */
    void run(CpuLaunch launch);
}
