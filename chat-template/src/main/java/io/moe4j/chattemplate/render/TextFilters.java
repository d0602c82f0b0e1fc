package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Text;
import org.jspecify.annotations.Nullable;

/** Filters whose result is a text. */
final class TextFilters {

    private TextFilters() {}

    static Library.@Nullable Filter find(String name) {
        return switch (name) {
            case "string" -> (value, arguments) -> Text.str(value);
            default -> null;
        };
    }
}
