package io.moe4j.data;

/** Why a document cannot be read from JSON. The message continues a sentence that begins with the location of the line. */
final class JsonProblem extends Exception {
    private static final long serialVersionUID = 1;
    private final boolean syntax;

    private JsonProblem(String message, boolean syntax) {
        super(message, null, false, false);
        this.syntax = syntax;
    }

    /** Not valid JSON, so that the end of the value is unknown. */
    static JsonProblem syntax(String reason) {
        return new JsonProblem("is not JSON: " + reason, true);
    }

    /** Valid JSON that was read to its end, but does not have each wanted text exactly once. */
    static JsonProblem content(String reason) {
        return new JsonProblem(reason, false);
    }

    boolean isSyntax() {
        return syntax;
    }

    /** For example, {@code x}, {@code byte 0xff}. */
    static String shown(int value) {
        return value == ByteInput.END ? "nothing"
                : value > ' ' && value < 0x7F ? Character.toString(value) : "byte 0x" + Integer.toHexString(value);
    }
}
