package io.moe4j.chattemplate.python;

/**
 * A text that is marked as safe in HTML, which the filters {@code safe} and {@code escape} return. What is added to it is escaped.
 *
 * @param text in HTML
 */
public record Markup(String text) {

    /** The text with the five characters that HTML does not have in texts escaped; what is marked stays. */
    public static Markup escaped(Object value) {
        return value instanceof Markup markup ? markup
                : new Markup(Text.str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                        .replace("'", "&#39;").replace("\"", "&#34;"));
    }
}
