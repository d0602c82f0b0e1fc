package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * Thrown when memory is freed, if a kernel has written outside of it, by devices that guard their memory, such as the CPU in strict mode. Since
 * 0.2.0.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public class MemoryOverrunException extends DeviceException {
    private static final long serialVersionUID = 1;

    /** The message names the memory, and the position outside it. */
    public MemoryOverrunException(String message) {
        super(message);
    }
}
