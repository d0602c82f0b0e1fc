package io.moe4j.chattemplate.syntax;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The end of {@code {% raw %} … {% endraw %}}, whose content is output unchanged.
 *
 * @param end where the content ends
 * @param beginSign the sign at the opening of {@code endraw}: minus, plus or a space
 * @param endSign the sign at its closing
 * @param after the position after the block
 */
record RawBlock(int end, char beginSign, char endSign, int after) {
    private static final Pattern BEGIN = Pattern.compile("\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%}",
            Pattern.UNICODE_CHARACTER_CLASS);

    /** Where the content of a raw block begins; negative if the tag is another. */
    static int end(String source, int afterSign) {
        Matcher begin = BEGIN.matcher(source).region(afterSign, source.length());
        return begin.lookingAt() ? begin.end() : -1;
    }

    static RawBlock read(String source, int begin, int inside) {
        Matcher end = END.matcher(source);
        if (!end.find(inside)) {
            throw new TemplateFault(begin, "a raw block begins that does not end; end it with \"{% endraw %}\"");
        }
        return new RawBlock(end.start(), sign(end.group(1)), sign(end.group(2)), end.end());
    }

    private static char sign(String sign) {
        return sign.isEmpty() ? ' ' : sign.charAt(0);
    }
}
