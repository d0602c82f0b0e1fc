package io.moe4j.api.capture;

import io.moe4j.api.Stability;

/**
 * Thrown if a call cannot be captured, or a graph can no longer be replayed. The message names the call and the remedy.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public final class CaptureException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** A refusal with its reason. */
    public CaptureException(String message) {
        super(message);
    }

    /** A refusal with its reason and its cause. */
    public CaptureException(String message, Throwable cause) {
        super(message, cause);
    }
}
