package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.RangeBody;

/** Runs parallel loops on the cores of a device. */
@Stability(Stability.Level.INTERNAL)
public interface WorkPool {

    /** See {@link io.moe4j.api.device.CpuLaunch#parallelFor}. */
    void parallelFor(long count, long grain, RangeBody body);
}
