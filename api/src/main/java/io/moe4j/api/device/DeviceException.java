package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * Thrown if a device refuses a call or fails. The message has the offending values, the rule and the remedy.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** A failure with its reason. */
    public DeviceException(String message) {
        super(message);
    }

    /** A failure with its reason and its cause. */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
