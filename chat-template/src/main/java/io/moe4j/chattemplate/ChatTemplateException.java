package io.moe4j.chattemplate;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;

/**
 * A chat template cannot be parsed, cannot be rendered with the given variables, or refuses a conversation. The message has line and column, the text at that
 * position, the rule and the remedy.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public class ChatTemplateException extends InputException {
    private static final long serialVersionUID = 1;
    private static final int SHOWN = 60;

    private final int line;
    private final int column;

    private ChatTemplateException(int line, int column, String message, Throwable cause) {
        super(message, cause);
        this.line = line;
        this.column = column;
    }

    /** An exception about a position of a template. */
    static ChatTemplateException at(String source, int at, String problem, Throwable cause) {
        int position = Math.min(at, source.length());
        int begin = source.lastIndexOf('\n', position - 1) + 1;
        int line = (int) source.substring(0, begin).chars().filter(c -> c == '\n').count() + 1;
        int column = source.codePointCount(begin, position) + 1;
        int lineEnd = source.indexOf('\n', position) < 0 ? source.length() : source.indexOf('\n', position);
        String rest = source.substring(position, Math.min(lineEnd, position + SHOWN));
        return new ChatTemplateException(line, column, "the chat template, line " + line + ", column " + column
                + (rest.isBlank() ? "" : ", at \"" + Shown.of(rest) + "\"") + ": " + Shown.of(problem), cause);
    }

    /** The same exception, which also names the file. */
    ChatTemplateException in(String file) {
        return new ChatTemplateException(line, column, file + ": " + getMessage(), this);
    }

    /** The line, from 1. */
    public int line() {
        return line;
    }

    /** The column, in characters from 1. */
    public int column() {
        return column;
    }
}
