package io.moe4j.chattemplate.python;

/** An operation that Python refuses, or that would need too much memory or time. */
public final class PythonError extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** An error with its rule. */
    public PythonError(String message) {
        super(message, null, false, false);
    }
}
