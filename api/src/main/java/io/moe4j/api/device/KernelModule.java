package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * Loaded kernels.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface KernelModule extends AutoCloseable {

    /**
     * A kernel by name.
     *
     * @throws DeviceException if there is none; the message lists those that exist
     */
    Kernel kernel(String name);

    /** A kernel by name, or empty if there is none for this device: a binary may have kernels that are compiled for some chips only. */
    default Optional<Kernel> find(String name) {
        try {
            return Optional.of(kernel(name));
        } catch (DeviceException none) {
            return Optional.empty();
        }
    }

    @Override
    void close();
}
