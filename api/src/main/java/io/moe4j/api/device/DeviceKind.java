package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * A kind of device, which decides which kernels run on it.
 *
 * @param id lower-case name, as in the configuration key {@code device}
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public record DeviceKind(String id) {
    /** Cores of this machine. Kernels are Java. */
    public static final DeviceKind CPU = new DeviceKind("cpu");
    /** An NVIDIA GPU. Kernels are CUDA binaries. */
    public static final DeviceKind CUDA = new DeviceKind("cuda");
    /** Computes nothing and counts memory; {@code moe4j plan} runs on it. */
    public static final DeviceKind PLANNING = new DeviceKind("planning");

    /** A kind by its name: for devices that are none of the above. */
    public static DeviceKind of(String id) {
        return new DeviceKind(id);
    }

    @Override
    public String toString() {
        return id;
    }
}
