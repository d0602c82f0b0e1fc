package io.moe4j.chattemplate.python;

/**
 * The value of a missing variable or attribute. It is output as an empty text, is false and has no items; any other use is an error.
 *
 * @param message what is missing, and the remedy
 */
public record Undefined(String message) {

    /** A value that is missing, with the usual remedy. */
    public static Undefined missing(String what) {
        return new Undefined(what + "; give it, or test it with \"is defined\"");
    }

    /** The error of a use that needs a value. */
    public PythonError error() {
        return new PythonError(message);
    }

    /** Returns the value if it is defined; throws otherwise. */
    public static Object defined(Object value) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        return value;
    }
}
