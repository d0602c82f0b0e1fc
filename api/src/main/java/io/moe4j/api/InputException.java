package io.moe4j.api;

/**
 * Thrown if an input (a configuration, data or a file) cannot be used. The message has the offending values, the rule and the remedy.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public class InputException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Bad input with its reason. */
    public InputException(String message) {
        super(message);
    }

    /** Bad input with its reason and its cause. */
    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
