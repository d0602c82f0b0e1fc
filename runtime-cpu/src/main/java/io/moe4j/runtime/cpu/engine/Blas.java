package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.Sgemm;

/** Single-precision matrix products. */
@Stability(Stability.Level.INTERNAL)
public interface Blas {

    /** Computes the product on the calling thread; see {@link io.moe4j.api.device.CpuLaunch#sgemm}. */
    void sgemm(Sgemm gemm);
}
