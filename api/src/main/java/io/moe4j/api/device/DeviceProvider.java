package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.spi.Provider;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The device SPI. A provider is stateless; each {@link #open} gives a device that shares nothing with any other.
 * One device serves all ranks that run as threads of this JVM on the same piece of hardware.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DeviceProvider extends Provider {

    /**
     * The version of this SPI. A provider returns it from {@link #spiVersion()}, so that the compiler copies it into the plug-in. 1.2 added the
     * number of devices, the memory that they allocate internally, and how parameters are rounded; 1.3 added rotation by halves, grouped queries, and
     * the value of a group of experts; 1.4 added labels without loss, attention within documents, rotation at given positions, attention over a cache,
     * operands with scales, several products at once, products of an F32 and a BF16 matrix, a norm's gradient that is added to another, loops whose
     * length is in device memory, and scores that attention stores for its gradient.
     */
    String SPI_VERSION = "1.4";

    /** The kind of its devices. */
    DeviceKind kind();

    /** The id of the {@link GraphCaptureProvider} that captures on this device. */
    String captureId();

    /** The id of the collectives over this device's peer memory: the default where no others are configured. Since SPI 1.1. */
    default Optional<String> collectivesId() {
        return Optional.empty();
    }

    /**
     * Scratch sizes of its operations. They are known without a device, so that a plan can be made on another machine.
     */
    WorkspaceSizes workspaceSizes();

    /**
     * How many devices of its kind this process can use; ordinals are from 0 to this number minus 1. Opens none. Empty if the number is unknown;
     * {@link #open} then decides. Since SPI 1.2.
     */
    default OptionalInt deviceCount() {
        return OptionalInt.empty();
    }

    /**
     * Opens a device.
     *
     * @throws DeviceException if the device does not exist or cannot be used; the message has the remedy
     */
    Device open(DeviceConfig config);
}
