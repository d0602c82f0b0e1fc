package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.Json;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Truth;
import io.moe4j.chattemplate.python.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The filter {@code tojson} of transformers, which does not escape for HTML as Jinja's does. */
final class JsonFilter {

    private JsonFilter() {}

    static Object apply(Object value, Arguments arguments) {
        @Nullable Object[] given = arguments.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?");
        String indent = indent(given[1]);
        List<Object> between = given[2] == null || given[2] == None.NONE
                ? List.of(indent == null ? ", " : ",", ": ")
                : Iteration.items(given[2]);
        if (between.size() != 2) {
            throw new PythonError("tojson takes two separators, and got " + between.size() + "; give (\", \", \": \")");
        }
        return new Json(isTrue(given[0]), indent, Types.text(between.get(0), "a separator"),
                Types.text(between.get(1), "a separator"), isTrue(given[3])).dumps(value);
    }

    private static boolean isTrue(@Nullable Object value) {
        return value != null && Truth.of(value);
    }

    private static @Nullable String indent(@Nullable Object value) {
        if (value == null || value == None.NONE) {
            return null;
        }
        if (Types.isText(value)) {
            return Text.str(value);
        }
        long width = Types.whole(value, "tojson");
        Text.checkLength(width);
        return " ".repeat((int) Math.max(0, width));
    }
}
