package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.time.Duration;

/**
 * How a device is opened. Start from {@link #defaults()}; components may be added in later minor versions.
 *
 * @param ordinal which device of its kind, from 0
 * @param threads host cores that a CPU device may use (all ranks together), at least 1
 * @param strict whether to check rules at the cost of speed: asynchronous streams, NaN patterns in fresh and freed memory, checked leases
 * @param timeout the longest that a barrier or another wait for a peer may take
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record DeviceConfig(int ordinal, int threads, boolean strict, Duration timeout) {

    /** Device 0, all cores, not strict, one minute. */
    public static DeviceConfig defaults() {
        return new DeviceConfig(0, Runtime.getRuntime().availableProcessors(), false, Duration.ofMinutes(1));
    }

    public DeviceConfig withOrdinal(int value) {
        return new DeviceConfig(value, threads, strict, timeout);
    }

    public DeviceConfig withThreads(int value) {
        return new DeviceConfig(ordinal, value, strict, timeout);
    }

    public DeviceConfig withStrict(boolean value) {
        return new DeviceConfig(ordinal, threads, value, timeout);
    }

    public DeviceConfig withTimeout(Duration value) {
        return new DeviceConfig(ordinal, threads, strict, value);
    }
}
