package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.api.device.DeviceProvider;
import java.util.ServiceLoader;

/** Skips tests that need a second GPU where there is only one. */
final class TwoGpus {

    private TwoGpus() {}

    /** Skips the calling test, with the reason, if there are fewer than two GPUs. */
    static void assume() {
        int there = count();
        assertTrue(there > 0, "no GPU at all");
        assumeTrue(there >= 2, "needs two GPUs of one host, and this machine has " + there);
    }

    static int count() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda").deviceCount().orElseThrow();
    }
}
