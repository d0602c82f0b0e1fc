package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.time.Duration;
import java.util.Optional;

/**
 * Devices of the ranks, with their limits and modes.
 *
 * @param devices how many devices the ranks of a process are spread over, in blocks of consecutive ranks
 * @param threads host cores that a CPU device may use, all ranks together; 0 for all of them
 * @param strict whether a CPU device also checks the rules of a GPU, which takes time
 * @param timeout the longest that a rank waits for another; seconds in files
 * @param collectives id of the collectives provider; if absent, the device's own collectives through peer memory
 * @param allowNoSecret whether processes on several hosts may connect without a secret, for trusted networks
 * @param agreementInterval steps between two comparisons of values that all ranks should hold equal; 0 for no comparisons
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record DeviceSettings(int devices, int threads, boolean strict, Duration timeout,
        Optional<String> collectives, boolean allowNoSecret, int agreementInterval) {
    /**
     * The largest value of {@code threads}: at least as many as machines have cores, and few enough that all can be started.
     *
     * @since 0.3.0
     */
    public static final int MOST_THREADS = 1024;

    /** With another value of {@code devices}. */
    public DeviceSettings withDevices(int value) {
        return Components.with(this, "devices", value);
    }

    /** With another value of {@code threads}. */
    public DeviceSettings withThreads(int value) {
        return Components.with(this, "threads", value);
    }

    /** With another value of {@code strict}. */
    public DeviceSettings withStrict(boolean value) {
        return Components.with(this, "strict", value);
    }

    /** With another value of {@code timeout}. */
    public DeviceSettings withTimeout(Duration value) {
        return Components.with(this, "timeout", value);
    }

    /** With another value of {@code collectives}. */
    public DeviceSettings withCollectives(Optional<String> value) {
        return Components.with(this, "collectives", value);
    }

    /** With another value of {@code allowNoSecret}. */
    public DeviceSettings withAllowNoSecret(boolean value) {
        return Components.with(this, "allowNoSecret", value);
    }

    /** With another value of {@code agreementInterval}. */
    public DeviceSettings withAgreementInterval(int value) {
        return Components.with(this, "agreementInterval", value);
    }
}
