package io.moe4j.data;

/** Why a document cannot be taken from JSON; reads on from the name of the line. */
final class JsonProblem extends Exception {
    private static final long serialVersionUID = 1;
    private final boolean syntax;

    private JsonProblem(String message, boolean syntax) {
        super(message, null, false, false);
        this.syntax = syntax;
    }

    /** It is not JSON: where it ends is unknown. */
    static JsonProblem syntax(String reason) {
        return new JsonProblem("is not JSON: " + reason, true);
    }

    /** It is JSON that was read to its end, without one text. */
    static JsonProblem content(String reason) {
        return new JsonProblem(reason, false);
    }

    boolean isSyntax() {
        return syntax;
    }
}
