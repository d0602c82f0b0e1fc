package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tests: {@code value is defined}. */
final class Tests {
    /** Those that ask whether there is a filter or test of a name. */
    static final Set<String> ABOUT_NAMES = Set.of("filter", "test");

    private Tests() {}

    static Library.@Nullable Test find(String name) {
        return switch (name) {
            case "defined" -> (value, arguments) -> !(value instanceof Undefined);
            case "undefined" -> (value, arguments) -> value instanceof Undefined;
            case "none" -> (value, arguments) -> value == None.NONE;
            case "string" -> (value, arguments) -> Types.isText(value);
            case "mapping" -> (value, arguments) -> value instanceof Dict;
            default -> null;
        };
    }
}
