package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Markup;
import io.moe4j.chattemplate.python.SplitMethods;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The filter {@code indent}: indents all lines of a text except the first and empty ones. */
final class Indent {

    private Indent() {}

    static Object apply(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("indent", "width?", "first?", "blank?");
        String text = Types.text(value, "indent");
        Object width = given[0] == null ? 4L : given[0];
        String indent = Types.isText(width) ? Text.str(width) : spaces(Types.whole(width, "indent"));
        boolean first = given[1] != null && Truth.of(given[1]);
        boolean blank = given[2] != null && Truth.of(given[2]);
        List<String> lines = SplitMethods.lines(text + "\n", false);
        Text.checkLength(text.length() + (long) indent.length() * lines.size());
        StringBuilder out = new StringBuilder(first ? indent : "").append(lines.getFirst());
        for (String line : lines.subList(1, lines.size())) {
            out.append('\n').append(line.isEmpty() && !blank ? "" : indent).append(line);
        }
        return value instanceof Markup ? new Markup(out.toString()) : out.toString();
    }

    private static String spaces(long width) {
        Text.checkLength(width);
        return " ".repeat((int) Math.max(0, width));
    }
}
