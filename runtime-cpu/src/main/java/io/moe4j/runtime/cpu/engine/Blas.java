package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.Sgemm;

/** Single-precision products. */
@Stability(Stability.Level.INTERNAL)
public interface Blas {

    /** See {@link io.moe4j.api.device.CpuLaunch#sgemm}: on the calling thread. */
    void sgemm(Sgemm gemm);
}
