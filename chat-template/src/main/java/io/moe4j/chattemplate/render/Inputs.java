package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.PyList;
import io.moe4j.chattemplate.python.PythonError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts Java values, such as those read from JSON, to Python's. */
public final class Inputs {
    /** The largest depth of nested values; also ends the conversion of a value that contains itself. */
    private static final int DEEPEST = 200;

    private Inputs() {}

    /** All variables. */
    public static Map<String, Object> variables(Map<String, ?> given) {
        Map<String, Object> converted = new HashMap<>();
        given.forEach((name, value) -> converted.put(name, value(value, 0)));
        return converted;
    }

    private static Object value(@Nullable Object given, int depth) {
        if (depth > DEEPEST) {
            throw new PythonError("lists and maps are in each other more than " + DEEPEST + " deep; give simpler ones");
        }
        return switch (given) {
            case null -> None.NONE;
            case String text -> text;
            case Boolean bool -> bool;
            case Long number -> number;
            case Integer number -> number.longValue();
            case Short number -> number.longValue();
            case Byte number -> number.longValue();
            case Double number -> number;
            case Float number -> number.doubleValue();
            case List<?> list -> {
                List<Object> items = new ArrayList<>();
                list.forEach(item -> items.add(value(item, depth + 1)));
                yield PyList.of(items);
            }
            case Map<?, ?> map -> {
                Dict.Builder dict = new Dict.Builder();
                map.forEach((key, item) -> dict.put(value(key, depth + 1), value(item, depth + 1)));
                yield dict.build();
            }
            default -> throw new PythonError("a value of the class " + given.getClass().getName()
                    + " cannot be rendered; give maps, lists, texts, truth values, long, double or null");
        };
    }
}
