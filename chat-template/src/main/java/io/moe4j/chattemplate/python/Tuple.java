package io.moe4j.chattemplate.python;

import java.util.List;

/**
 * Python's tuple.
 *
 * @param items in their order
 */
public record Tuple(List<Object> items, long weight, int depth) implements Container {

    /** A tuple of these items. */
    public static Tuple of(List<?> items) {
        PyList list = PyList.of(items);
        return new Tuple(list.items(), list.weight(), list.depth());
    }

    /** A tuple of these items. */
    public static Tuple of(Object... items) {
        return of(List.of(items));
    }
}
