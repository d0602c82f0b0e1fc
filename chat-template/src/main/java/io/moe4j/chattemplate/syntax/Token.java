package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.python.None;

/**
 * A piece of a template.
 *
 * @param text the token as it is written; for {@link Kind#TEXT}, the text to output
 * @param value the value of a number or a string
 * @param at where it begins, in UTF-16 units
 */
record Token(Kind kind, String text, Object value, int at) {

    /** The kind of a token. */
    enum Kind {
        TEXT, OUTPUT_BEGIN, OUTPUT_END, TAG_BEGIN, TAG_END, NAME, STRING, NUMBER, OPERATOR, END
    }

    static Token of(Kind kind, String text, int at) {
        return new Token(kind, text, None.NONE, at);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /** A description for messages. */
    String shown() {
        return switch (kind) {
            case END -> "the end of the template";
            case TEXT -> "text";
            case OUTPUT_BEGIN, OUTPUT_END, TAG_BEGIN, TAG_END, NAME, STRING, NUMBER,
                    OPERATOR -> "\"" + text.strip() + "\"";
        };
    }
}
