package io.moe4j.chattemplate.python;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code "{} {name:>8}".format(1, name="a")}. Fields can name arguments, but not attributes or items of them. */
final class BraceFormat {
    private static final Pattern FIELD = Pattern.compile("([^{}!:.\\[]*)(?:!([rsa]))?(?::([^{}]*))?");

    private final Arguments arguments;
    private int next;

    private BraceFormat(Arguments arguments) {
        this.arguments = arguments;
    }

    static String format(String pattern, Arguments arguments) {
        BraceFormat format = new BraceFormat(arguments);
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < pattern.length()) {
            char c = pattern.charAt(at);
            if (c != '{' && c != '}') {
                out.append(c);
                at++;
            } else if (at + 1 < pattern.length() && pattern.charAt(at + 1) == c) {
                out.append(c);
                at += 2;
            } else {
                int close = c == '{' ? pattern.indexOf('}', at) : -1;
                if (close < 0) {
                    throw new PythonError("a format has a single \"" + c + "\"; write it twice");
                }
                out.append(format.field(pattern.substring(at + 1, close)));
                at = close + 1;
            }
            Text.checkLength(out.length());
        }
        return out.toString();
    }

    private String field(String field) {
        Matcher m = FIELD.matcher(field);
        if (!m.matches()) {
            throw new PythonError("a format has the field {" + field + "}; name an argument, as in {0} or {name:>8}");
        }
        Object value = argument(m.group(1));
        Object shown = m.group(2) == null ? value : m.group(2).equals("s") ? Text.str(value) : Text.repr(value);
        String spec = m.group(3) == null ? "" : m.group(3);
        return spec.isEmpty() ? Text.str(shown) : FormatSpec.parse(spec).format(shown);
    }

    private Object argument(String name) {
        if (name.isEmpty() || name.chars().allMatch(c -> c >= '0' && c <= '9')) {
            if (name.isEmpty() ? next < 0 : next > 0) {
                throw new PythonError("a format has both {} and {0}; use one of them");
            }
            int index = name.isEmpty() ? next++ : name.length() > 6 ? Integer.MAX_VALUE : Integer.parseInt(name);
            next = name.isEmpty() ? next : -1;
            if (index >= arguments.positional().size()) {
                throw new PythonError("a format has more fields than the " + arguments.positional().size()
                        + " arguments; give as many");
            }
            return arguments.positional().get(index);
        }
        Object value = arguments.named().get(name);
        if (value == null) {
            throw new PythonError("a format names \"" + name + "\", which is not given; give it");
        }
        return value;
    }
}
