package io.moe4j.chattemplate.python;

import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Values in JSON, as Python's {@code json.dumps} writes them.
 *
 * @param ascii whether characters beyond ASCII are escaped
 * @param indent the indentation of one level; null to write everything on one line
 * @param item the separator of items
 * @param key the separator of a key and its value
 * @param sorted whether keys are sorted
 */
public record Json(boolean ascii, @Nullable String indent, String item, String key,
        boolean sorted) {

    /** A value in JSON. */
    public String dumps(Object value) {
        StringBuilder out = new StringBuilder();
        append(value, 0, out);
        return out.toString();
    }

    private void append(Object value, int level, StringBuilder out) {
        Text.checkLength(out.length());
        switch (value) {
            case None none -> out.append("null");
            case Boolean bool -> out.append(bool.booleanValue());
            case Long number -> out.append(number.longValue());
            case Double number -> out.append(real(number));
            case String text -> quoted(text, out);
            case Markup markup -> quoted(markup.text(), out);
            case PyList list -> listed(list.items(), level, out);
            case Tuple tuple -> listed(tuple.items(), level, out);
            case Dict dict -> dict(dict, level, out);
            case Undefined missing -> throw missing.error();
            default -> throw new PythonError("a value of the type " + Types.name(value)
                    + " cannot be JSON; make it a list first, with the filter list");
        }
    }

    private static String real(double number) {
        return Double.isNaN(number) ? "NaN" : Double.isInfinite(number) ? number > 0 ? "Infinity" : "-Infinity"
                : Floats.repr(number);
    }

    private void listed(List<Object> items, int level, StringBuilder out) {
        out.append('[');
        for (Iterator<Object> each = items.iterator(); each.hasNext();) {
            line(level + 1, out);
            append(each.next(), level + 1, out);
            out.append(each.hasNext() ? item : "");
        }
        end(items.isEmpty(), level, ']', out);
    }

    private void dict(Dict dict, int level, StringBuilder out) {
        List<Dict.Entry> entries = dict.entries();
        if (sorted) {
            entries.sort(Comparator.comparing(Dict.Entry::key, (a, b) -> Comparison.order(a, b, "<")));
        }
        out.append('{');
        for (Iterator<Dict.Entry> each = entries.iterator(); each.hasNext();) {
            Dict.Entry entry = each.next();
            line(level + 1, out);
            quoted(name(entry.key()), out);
            out.append(key);
            append(entry.value(), level + 1, out);
            out.append(each.hasNext() ? item : "");
        }
        end(entries.isEmpty(), level, '}', out);
    }

    private static String name(Object key) {
        return switch (key) {
            case None none -> "null";
            case Boolean bool -> bool.toString();
            case Long number -> number.toString();
            case Double number -> real(number);
            default -> Types.text(key, "a key in JSON");
        };
    }

    private void line(int level, StringBuilder out) {
        if (indent != null) {
            Text.checkLength(out.length() + (long) indent.length() * level);
            out.append('\n').repeat(indent, level);
        }
    }

    private void end(boolean empty, int level, char bracket, StringBuilder out) {
        if (!empty) {
            line(level, out);
        }
        out.append(bracket);
    }

    private void quoted(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
