package io.moe4j.chattemplate.python;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code "%s: %d" % (name, count)}. */
public final class PercentFormat {
    private static final Pattern FIELD = Pattern
            .compile("%(?:\\(([^)]*)\\))?([-+ #0]*)(\\d+|\\*)?(?:\\.(\\d+|\\*)?)?([a-zA-Z%])");

    private final Object values;
    private final List<Object> positional;
    private int next;

    private PercentFormat(Object values) {
        this.values = values;
        positional = values instanceof Tuple tuple ? tuple.items() : List.of(values);
    }

    /**
     * The pattern with its fields filled.
     *
     * @param values a tuple with a value for each field, a dict for named fields, or the only value
     */
    public static String format(String pattern, Object values) {
        PercentFormat format = new PercentFormat(values);
        Matcher m = FIELD.matcher(pattern);
        StringBuilder out = new StringBuilder();
        int at = 0;
        for (int begin = pattern.indexOf('%'); begin >= 0; begin = pattern.indexOf('%', at)) {
            if (!m.region(begin, pattern.length()).lookingAt()) {
                throw new PythonError(
                        "a format has a % without a letter that says how; write %s, %d, %.2f, or %% for itself");
            }
            out.append(pattern, at, begin).append(format.field(m));
            Text.checkLength(out.length());
            at = m.end();
        }
        if (format.next < format.positional.size() && !(values instanceof Dict) && !isOther(values)) {
            throw new PythonError("a format has " + format.next + " fields for " + format.positional.size()
                    + " values; give as many values as fields");
        }
        return out.append(pattern.substring(at)).toString();
    }

    /** Whether unused values are accepted: as in Python, a value that could be looked up by name may stay unused. */
    private static boolean isOther(Object values) {
        return values instanceof PyList || values instanceof Range || values instanceof Undefined;
    }

    private String field(Matcher m) {
        char type = m.group(5).charAt(0);
        String flags = m.group(2);
        boolean left = flags.contains("-");
        long width = number(m.group(3), 0);
        boolean pointed = m.group().indexOf('.', Math.max(0, m.end(2) - m.start())) >= 0;
        long precision = pointed ? number(m.group(4), 0) : -1;
        if (type == '%') {
            return "%";
        }
        Object value = m.group(1) == null ? positional() : named(m.group(1));
        String text = switch (type) {
            case 's' -> cut(Text.str(value), precision);
            case 'r', 'a' -> cut(Text.repr(value), precision);
            case 'c' -> value instanceof Long point ? Character.toString(point.intValue()) : Types.text(value, "%c");
            case 'd', 'i', 'u' -> whole(value, precision, flags);
            case 'x', 'X', 'o' -> new FormatSpec(" ", ' ', sign(flags), flags.contains("#"), 0, ' ', -1, type)
                    .format(Types.whole(value, "%" + type));
            case 'f', 'F', 'e', 'E', 'g', 'G' -> new FormatSpec(" ", ' ', sign(flags), flags.contains("#"), 0, ' ',
                    (int) Math.min(precision, Text.LONGEST), type).format(real(value));
            default -> throw new PythonError("a format has %" + type + "; use %s, %r, %d, %x, %f, %e or %g");
        };
        boolean zeros = flags.contains("0") && !left && "sric".indexOf(type) < 0;
        return left ? SearchMethods.padded(text, width, " ", 0)
                : zeros ? zeros(text, width) : SearchMethods.padded(text, width, " ", 1);
    }

    private static String zeros(String text, long width) {
        boolean signed = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0;
        String sign = signed ? text.substring(0, 1) : "";
        return sign + SearchMethods.padded(text.substring(sign.length()), width - sign.length(), "0", 1);
    }

    private static char sign(String flags) {
        return flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
    }

    private long number(@Nullable String digits, long missing) {
        if (digits == null) {
            return missing;
        }
        return digits.equals("*") ? Types.whole(positional(), "a width")
                : digits.length() > 9 ? Integer.MAX_VALUE : Long.parseLong(digits);
    }

    private static String cut(String text, long precision) {
        return precision >= 0 && precision < CodePoints.count(text) ? CodePoints.slice(text, 0, (int) precision) : text;
    }

    private static String whole(Object value, long precision, String flags) {
        long number = value instanceof Double real && !Double.isNaN(real) && !Double.isInfinite(real) ? real.longValue()
                : Types.whole(value, "%d");
        String digits = Long.toString(number).replace("-", "");
        return (number < 0 ? "-" : sign(flags) == '-' ? "" : Character.toString(sign(flags)))
                + SearchMethods.padded(digits, precision, "0", 1);
    }

    private static Object real(Object value) {
        if (!Types.isNumber(Undefined.defined(value))) {
            throw new PythonError(
                    "%f needs a number, and got a value of the type " + Types.name(value) + "; give a number");
        }
        return Arithmetic.real(value);
    }

    private Object positional() {
        if (next >= positional.size()) {
            throw new PythonError("a format has more fields than the " + positional.size() + " values; give as many");
        }
        return positional.get(next++);
    }

    private Object named(String name) {
        Object value = values instanceof Dict dict ? dict.get(name) : null;
        if (value == null) {
            throw new PythonError("a format names \"" + name + "\", which is not given; give a dict that has it");
        }
        return value;
    }
}
