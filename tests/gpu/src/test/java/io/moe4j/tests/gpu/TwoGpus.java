package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.api.device.DeviceProvider;
import java.util.ServiceLoader;

/** For tests that need a second GPU. */
final class TwoGpus {

    private TwoGpus() {}

    /** Skips the test that calls it, with the reason, where there are fewer than two. */
    static void assume() {
        int there = count();
        assertTrue(there > 0, "no GPU at all");
        assumeTrue(there >= 2, "needs two GPUs of one host, and this machine has " + there);
    }

    static int count() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda").deviceCount().orElseThrow();
    }
}
