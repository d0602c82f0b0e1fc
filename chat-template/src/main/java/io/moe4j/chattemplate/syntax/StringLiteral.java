package io.moe4j.chattemplate.syntax;

/**
 * A string as it is written, between single or double quotes, with Python's escapes: {@code "a\n"}.
 *
 * @param value its value
 * @param end the position after the closing quote
 */
record StringLiteral(String value, int end) {
    private static final String SIMPLE = "abfnrtv\\'\"\n";
    private static final String MEANING = "\u0007\b\f\n\r\t\u000b\\'\"";

    static StringLiteral read(String source, int at) {
        char quote = source.charAt(at);
        StringBuilder value = new StringBuilder();
        int i = at + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            if (source.charAt(i) == '\\') {
                i = escape(source, i, value);
            } else {
                value.append(source.charAt(i++));
            }
        }
        if (i >= source.length()) {
            throw new TemplateFault(at, "a string begins that does not end; end it with " + quote);
        }
        return new StringLiteral(value.toString(), i + 1);
    }

    /** Appends the value of an escape. Returns the position after it. */
    private static int escape(String source, int at, StringBuilder value) {
        if (at + 1 >= source.length()) {
            throw new TemplateFault(at, "a string ends with a backslash; remove it, or write \\\\");
        }
        char c = source.charAt(at + 1);
        int simple = SIMPLE.indexOf(c);
        if (simple >= 0) {
            // A backslash before a newline adds nothing.
            value.append(simple < MEANING.length() ? MEANING.substring(simple, simple + 1) : "");
            return at + 2;
        }
        return switch (c) {
            case 'x' -> point(source, at, at + 2, 2, value);
            case 'u' -> point(source, at, at + 2, 4, value);
            case 'U' -> point(source, at, at + 2, 8, value);
            case 'N' -> named(source, at, value);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(source, at + 1, value);
            default -> {
                value.append('\\').append(c);
                yield at + 2;
            }
        };
    }

    private static int point(String source, int at, int from, int digits, StringBuilder value) {
        try {
            String hex = source.substring(from, from + digits);
            if (hex.startsWith("+") || hex.startsWith("-")) {
                throw new NumberFormatException(hex);
            }
            value.appendCodePoint(Integer.parseInt(hex, 16));
            return from + digits;
        } catch (IllegalArgumentException | StringIndexOutOfBoundsException e) {
            throw new TemplateFault(at, "\"" + source.substring(at, at + 2) + "\" needs " + digits
                    + " hexadecimal digits of a character; write them, or \\\\");
        }
    }

    private static int octal(String source, int from, StringBuilder value) {
        int end = from;
        while (end < source.length() && end < from + 3 && source.charAt(end) >= '0' && source.charAt(end) <= '7') {
            end++;
        }
        value.appendCodePoint(Integer.parseInt(source.substring(from, end), 8));
        return end;
    }

    private static int named(String source, int at, StringBuilder value) {
        int close = source.indexOf('}', at);
        try {
            if (close < 0 || source.charAt(at + 2) != '{') {
                throw new IllegalArgumentException(source);
            }
            value.appendCodePoint(Character.codePointOf(source.substring(at + 3, close)));
            return close + 1;
        } catch (IllegalArgumentException | StringIndexOutOfBoundsException e) {
            throw new TemplateFault(at, "\\N needs the name of a character, such as \\N{BULLET}; write it, or \\\\N");
        }
    }
}
