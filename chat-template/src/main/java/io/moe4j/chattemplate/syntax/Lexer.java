package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.python.Spaces;
import java.util.ArrayList;
import java.util.List;

/**
 * Divides a template into text, outputs, tags and comments, and removes white space around them as Jinja does with {@code trim_blocks} and
 * {@code lstrip_blocks}:
 *
 * <ul>
 * <li>{@code {%-} removes all white space before a tag, {@code -%}} all that follows;
 * <li>otherwise white space between the start of a line and a tag or comment is removed, except before {@code {%+};
 * <li>otherwise one newline after a tag or comment is removed, except after {@code +%}}.
 * </ul>
 */
final class Lexer {
    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    /** Whether the last thing read ended with a newline, or nothing was read. */
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    /** All newlines become {@code \n}, and one at the end is removed. */
    static String normalized(String text) {
        String lines = text.replace("\r\n", "\n").replace('\r', '\n');
        return lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    }

    /**
     * All tokens; the last is {@link Token.Kind#END}.
     *
     * @param source normalized
     */
    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        while (lexer.at < source.length()) {
            lexer.next();
        }
        lexer.tokens.add(Token.of(Token.Kind.END, "", source.length()));
        return lexer.tokens;
    }

    private void next() {
        int begin = opening();
        if (begin < 0) {
            text(source.substring(at), at);
            at = source.length();
            return;
        }
        char kind = source.charAt(begin + 1);
        int inside = begin + 2;
        char sign = inside < source.length() ? source.charAt(inside) : ' ';
        boolean signed = sign == '-' || sign == '+';
        text(stripped(source.substring(at, begin), sign, kind != '{'), at);
        at = signed ? inside + 1 : inside;
        switch (kind) {
            case '#' -> comment(begin);
            case '{' -> tag(Token.Kind.OUTPUT_BEGIN, "}}", begin);
            default -> {
                int raw = RawBlock.end(source, at);
                if (raw < 0) {
                    tag(Token.Kind.TAG_BEGIN, "%}", begin);
                } else {
                    raw(begin, raw);
                }
            }
        }
        lineStarts = source.charAt(at - 1) == '\n';
    }

    private int opening() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    private String stripped(String text, char sign, boolean ofBlock) {
        if (sign == '-') {
            return Spaces.stripEnd(text);
        }
        int line = text.lastIndexOf('\n') + 1;
        boolean strips = sign != '+' && ofBlock && (line > 0 || lineStarts) && line < text.length()
                && Spaces.isBlank(text.substring(line));
        return strips ? text.substring(0, line) : text;
    }

    private void text(String text, int where) {
        if (!text.isEmpty()) {
            tokens.add(Token.of(Token.Kind.TEXT, text, where));
        }
    }

    private void comment(int begin) {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new TemplateFault(begin, "a comment begins that does not end; end it with \"#}\"");
        }
        char sign = end > at ? source.charAt(end - 1) : ' ';
        at = afterEnd(end + 2, sign, true);
    }

    private void raw(int begin, int inside) {
        RawBlock block = RawBlock.read(source, begin, inside);
        lineStarts = source.charAt(inside - 1) == '\n';
        text(stripped(source.substring(inside, block.end()), block.beginSign(), true), inside);
        at = afterEnd(block.after(), block.endSign(), true);
    }

    private void tag(Token.Kind kind, String end, int begin) {
        tokens.add(Token.of(kind, source.substring(begin, Math.min(source.length(), at)), begin));
        TagLexer tag = new TagLexer(source, at, end, tokens);
        int close = tag.readToEnd();
        char sign = source.charAt(close);
        int after = close + (sign == end.charAt(0) ? 2 : 3);
        tokens.add(Token.of(kind == Token.Kind.TAG_BEGIN ? Token.Kind.TAG_END : Token.Kind.OUTPUT_END,
                source.substring(close, after), close));
        at = afterEnd(after, sign, kind == Token.Kind.TAG_BEGIN);
    }

    /** Where the text continues after the end of a tag. */
    private int afterEnd(int after, char sign, boolean ofBlock) {
        if (sign == '-') {
            return Spaces.skip(source, after);
        }
        boolean trims = sign != '+' && ofBlock && after < source.length() && source.charAt(after) == '\n';
        return trims ? after + 1 : after;
    }
}
