package io.moe4j.chattemplate.syntax;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number as it is written: {@code 12}, {@code 1_000}, {@code 0x1f}, {@code 1.5}, {@code 2e-3}.
 *
 * @param value a Long or a Double
 * @param end the position after it
 */
record NumberLiteral(Object value, int end) {
    private static final Pattern DECIMAL = Pattern
            .compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern WHOLE = Pattern.compile(
            "0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");

    static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static NumberLiteral read(String source, int at) {
        boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
        Matcher decimal = DECIMAL.matcher(source).region(at, source.length());
        if (!afterDot && decimal.lookingAt()) {
            return new NumberLiteral(Double.valueOf(decimal.group().replace("_", "")), decimal.end());
        }
        Matcher whole = WHOLE.matcher(source).region(at, source.length());
        if (!whole.lookingAt()) {
            throw new TemplateFault(at, "no number begins like this; write it like 10, 0x1f or 2.5");
        }
        String digits = whole.group().replace("_", "");
        try {
            return new NumberLiteral(parse(digits), whole.end());
        } catch (NumberFormatException e) {
            throw new TemplateFault(at, "the number " + digits + " has more than 64 bits; write a smaller one");
        }
    }

    private static Long parse(String digits) {
        int radix = digits.length() < 2 ? 10 : switch (Character.toLowerCase(digits.charAt(1))) {
            case 'b' -> 2;
            case 'o' -> 8;
            case 'x' -> 16;
            default -> 10;
        };
        return Long.valueOf(radix == 10 ? digits : digits.substring(2), radix);
    }
}
