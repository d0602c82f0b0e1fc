package io.moe4j.chattemplate.python;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/** Values as text: Python's {@code str}, and {@code repr}, which is used inside of lists. */
public final class Text {
    /** The longest text that a template makes, in UTF-16 units. */
    public static final int LONGEST = 1 << 24;

    private Text() {}

    /** The text that is output for a value. */
    public static String str(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined missing -> "";
            default -> repr(value);
        };
    }

    /** A value as it is written in Python source. */
    public static String repr(Object value) {
        StringBuilder out = new StringBuilder();
        append(value, out);
        return out.toString();
    }

    /** Throws if a text of this length would be too long; called before it is made. */
    public static void checkLength(long length) {
        if (length > LONGEST) {
            throw new PythonError(String.format(Locale.ROOT,
                    "a text would have %,d characters; at most %,d are allowed, so make it shorter", length, LONGEST));
        }
    }

    private static void append(Object value, StringBuilder out) {
        checkLength(out.length());
        switch (value) {
            case None none -> out.append("None");
            case Boolean bool -> out.append(bool ? "True" : "False");
            case Long number -> out.append(number.longValue());
            case Double number -> out.append(Floats.repr(number));
            case String text -> Quoted.append(text, out);
            case Markup markup -> {
                out.append("Markup(");
                Quoted.append(markup.text(), out);
                out.append(')');
            }
            case PyList list -> listed("[", list.items(), "]", out);
            case Tuple tuple -> listed("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", out);
            case Dict dict -> dict(dict, out);
            case View view -> listed(view.kind() + "([", view.items(), "])", out);
            case Range range -> out.append("range(").append(range.from()).append(", ").append(range.to())
                    .append(range.step() == 1 ? ")" : ", " + range.step() + ")");
            case Undefined missing -> out.append("Undefined");
            case Attributed own -> out.append(own.shown());
            default -> throw new PythonError("a value of the type " + Types.name(value)
                    + " has no text; output something else");
        }
    }

    private static void listed(String begin, List<Object> items, String end, StringBuilder out) {
        out.append(begin);
        for (Iterator<Object> each = items.iterator(); each.hasNext();) {
            append(each.next(), out);
            out.append(each.hasNext() ? ", " : "");
        }
        out.append(end);
    }

    private static void dict(Dict dict, StringBuilder out) {
        out.append('{');
        for (Iterator<Dict.Entry> each = dict.entries().iterator(); each.hasNext();) {
            Dict.Entry entry = each.next();
            append(entry.key(), out);
            out.append(": ");
            append(entry.value(), out);
            out.append(each.hasNext() ? ", " : "");
        }
        out.append('}');
    }
}
