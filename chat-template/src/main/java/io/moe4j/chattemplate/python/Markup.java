package io.moe4j.chattemplate.python;

/**
 * A text that is marked as safe in HTML, the result of the filters {@code safe} and {@code escape}. Text that is added to it is escaped.
 *
 * @param text in HTML
 */
public record Markup(String text) {

    /** The text of a value with the five special characters of HTML escaped; marked text is unchanged. */
    public static Markup escaped(Object value) {
        return value instanceof Markup markup ? markup
                : new Markup(Text.str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                        .replace("'", "&#39;").replace("\"", "&#34;"));
    }
}
