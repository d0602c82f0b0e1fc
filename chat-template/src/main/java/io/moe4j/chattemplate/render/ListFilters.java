package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.PyList;
import org.jspecify.annotations.Nullable;

/** Filters about the items of lists. */
final class ListFilters {

    private ListFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "list" -> (value, arguments) -> PyList.of(Iteration.items(value));
            default -> null;
        };
    }
}
