package io.moe4j.api.device;

import io.moe4j.api.Stability;

/** Loaded kernels. */
@Stability(Stability.Level.STABLE)
public interface KernelModule extends AutoCloseable {

    /**
     * A kernel by name.
     *
     * @throws DeviceException if there is none; the message lists those that exist
     */
    Kernel kernel(String name);

    @Override
    void close();
}
