package io.moe4j.chattemplate.python;

import java.util.List;

/**
 * Python's list. Templates cannot change it.
 *
 * @param items in their order
 */
public record PyList(List<Object> items, long weight, int depth) implements Container {

    /** A list of these items. */
    public static PyList of(List<?> items) {
        long weight = 0;
        int depth = 1;
        for (Object item : items) {
            weight = Container.weightWith(weight, item);
            depth = Container.depthWith(depth, item);
        }
        return new PyList(List.copyOf(items), weight, depth);
    }
}
