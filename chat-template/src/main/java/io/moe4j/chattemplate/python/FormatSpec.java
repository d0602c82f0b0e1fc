package io.moe4j.chattemplate.python;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A format specification of Python's {@code format}: {@code >8}, {@code 05d}, {@code .2f}.
 *
 * @param fill the fill character
 * @param align {@code <}, {@code >}, {@code ^} or {@code =}; a space if not given
 * @param sign {@code +}, {@code -} or a space
 * @param grouping the separator of groups of three digits; a space if not given
 * @param precision negative if not given
 * @param type the letter; a space if not given
 */
record FormatSpec(String fill, char align, char sign, boolean alternate, long width, char grouping, int precision,
        char type) {
    private static final Pattern FORM = Pattern
            .compile("(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([a-zA-Z%])?", Pattern.DOTALL);

    static FormatSpec parse(String spec) {
        Matcher m = FORM.matcher(spec);
        if (!m.matches()) {
            throw new PythonError("\"" + spec + "\" says no format; write it like >8, 05d or .2f");
        }
        try {
            boolean zeros = m.group(5) != null;
            return new FormatSpec(m.group(1) != null ? m.group(1) : zeros ? "0" : " ",
                    m.group(2) != null ? m.group(2).charAt(0) : zeros ? '=' : ' ',
                    m.group(3) == null ? '-' : m.group(3).charAt(0), m.group(4) != null,
                    m.group(6) == null ? 0 : Long.parseLong(m.group(6)),
                    m.group(7) == null ? ' ' : m.group(7).charAt(0),
                    m.group(8) == null ? -1 : Integer.parseInt(m.group(8)),
                    m.group(9) == null ? ' ' : m.group(9).charAt(0));
        } catch (NumberFormatException e) {
            throw new PythonError("\"" + spec + "\" has a number that is too large; write a smaller one");
        }
    }

    /** The value in this format. */
    String format(Object value) {
        return switch (value) {
            case Boolean bool when type == ' ' -> text(Text.str(bool));
            case Long number -> whole(number);
            case Boolean bool -> whole(bool ? 1 : 0);
            case Double number -> real(number);
            default -> {
                if (!Types.isText(value)) {
                    throw new PythonError("a value of the type " + Types.name(value) + " has no format; leave it out");
                }
                yield text(Text.str(value));
            }
        };
    }

    private String text(String text) {
        if ((type != 's' && type != ' ') || align == '=' || sign != '-' || alternate || grouping != ' ') {
            throw new PythonError("this format is for numbers, and the value is a text; write it like >8 or .3");
        }
        String cut = precision >= 0 && precision < CodePoints.count(text) ? CodePoints.slice(text, 0, precision) : text;
        return aligned("", cut, '<');
    }

    private String whole(long number) {
        if ("eEfFgG%".indexOf(type) >= 0) {
            return real(number);
        }
        if (precision >= 0) {
            throw new PythonError("a whole number has no precision; leave it out, or use f");
        }
        String digits = switch (type) {
            case ' ', 'd', 'n' -> Long.toString(number).replace("-", "");
            case 'x' -> Long.toHexString(Math.abs(number));
            case 'X' -> Long.toHexString(Math.abs(number)).toUpperCase(Locale.ROOT);
            case 'o' -> Long.toOctalString(Math.abs(number));
            case 'b' -> Long.toBinaryString(Math.abs(number));
            case 'c' -> Character.toString((int) number);
            default -> throw unknown("a whole number");
        };
        String prefix = alternate && "xXob".indexOf(type) >= 0 ? "0" + type : "";
        return aligned(signOf(number < 0) + prefix, grouped(digits), '>');
    }

    private PythonError unknown(String what) {
        return new PythonError("the format \"" + type + "\" is not for " + what + "; use d, x, f, e, g or %");
    }

    private String real(double number) {
        double size = Math.abs(number);
        int digits = precision < 0 ? 6 : precision;
        String text = switch (type) {
            case 'f', 'F' -> NumberText.of(size, 'f', digits, false);
            case 'e', 'E' -> NumberText.of(size, 'e', digits, false);
            case 'g', 'G', 'n' -> NumberText.of(size, 'g', digits, alternate);
            case '%' -> NumberText.of(size * 100, 'f', digits, false) + "%";
            case ' ' -> precision < 0 ? Floats.repr(size) : generalWithPoint(size);
            default -> throw unknown("a number with a fraction");
        };
        boolean negative = number < 0 || (number == 0 && 1 / number < 0);
        return aligned(signOf(negative), grouped(Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text),
                '>');
    }

    /** Without a letter, a precision is that of g, with at least one digit after the point. */
    private String generalWithPoint(double size) {
        String text = NumberText.of(size, 'g', precision, false);
        return text.matches("\\d+") ? (text.length() >= precision && precision > 0 && size >= 1
                ? NumberText.of(size, 'e', Math.max(0, precision - 1), false).replaceFirst("\\.?0+e", "e")
                : text + ".0") : text;
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : Character.toString(sign);
    }

    private String grouped(String digits) {
        if (grouping == ' ') {
            return digits;
        }
        int end = 0;
        while (end < digits.length() && Character.isLetterOrDigit(digits.charAt(end)) && digits.charAt(end) != 'e') {
            end++;
        }
        int size = "xXob".indexOf(type) >= 0 ? 4 : 3;
        StringBuilder out = new StringBuilder(digits.substring(0, end));
        for (int i = end - size; i > 0; i -= size) {
            out.insert(i, grouping);
        }
        return out + digits.substring(end);
    }

    private String aligned(String sign, String digits, char usual) {
        char how = align == ' ' ? usual : align;
        return switch (how) {
            case '=' -> sign + SearchMethods.padded(digits, width - sign.length(), fill, 1);
            case '<' -> SearchMethods.padded(sign + digits, width, fill, 0);
            case '>' -> SearchMethods.padded(sign + digits, width, fill, 1);
            default -> centered(sign + digits);
        };
    }

    /** Unlike the method center, this puts an odd fill character after the text. */
    private String centered(String text) {
        long missing = Math.max(0, width - CodePoints.count(text));
        String left = SearchMethods.padded(text, CodePoints.count(text) + missing / 2, fill, 1);
        return SearchMethods.padded(left, width, fill, 0);
    }
}
