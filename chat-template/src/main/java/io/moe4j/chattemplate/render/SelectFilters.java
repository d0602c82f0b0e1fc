package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Arguments;
import java.util.Set;

/** Filters that apply filters or tests to each item. */
final class SelectFilters {
    static final Set<String> NAMES = Set.of();
    private final Library library;

    SelectFilters(Library library) {
        this.library = library;
    }

    Object apply(String name, Object value, Arguments arguments) {
        throw new IllegalArgumentException(name + library);
    }
}
