package io.moe4j.chattemplate.python;

/**
 * What a variable or attribute that is missing has as its value. It is output as nothing, is false and has no items; all else with it is an error.
 *
 * @param message what is missing, and the remedy
 */
public record Undefined(String message) {

    /** What is missing, and can be given. */
    public static Undefined missing(String what) {
        return new Undefined(what + "; give it, or test it with \"is defined\"");
    }

    /** The error of a use that needs a value. */
    public PythonError error() {
        return new PythonError(message);
    }

    /** Returns the value, if it is one. */
    public static Object defined(Object value) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        return value;
    }
}
