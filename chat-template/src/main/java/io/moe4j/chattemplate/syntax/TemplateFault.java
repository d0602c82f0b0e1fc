package io.moe4j.chattemplate.syntax;

/** An error at a position of a template. {@code ChatTemplate} converts it to an exception that shows the line. */
public final class TemplateFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int at;

    /**
     * A fault.
     *
     * @param at position in the normalized text, in UTF-16 units
     * @param message rule and remedy
     */
    public TemplateFault(int at, String message) {
        super(message);
        this.at = at;
    }

    /** A fault that another exception shows. */
    public TemplateFault(int at, RuntimeException cause) {
        super(cause.getMessage(), cause);
        this.at = at;
    }

    /** The position in the normalized text, in UTF-16 units. */
    public int at() {
        return at;
    }
}
