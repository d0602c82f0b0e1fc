package io.moe4j.chattemplate.render;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables of a loop, a macro or a block. Variables of enclosing scopes can be read, but not changed. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Object> variables;

    private Scope(@Nullable Scope outer, Map<String, Object> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    /** The outermost scope of a template, around which are the variables that it is rendered with. */
    static Scope root(Map<String, Object> given) {
        return new Scope(new Scope(null, given), new HashMap<>());
    }

    Scope inner() {
        return new Scope(this, new HashMap<>());
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    /** The value; null if there is no such variable. */
    @Nullable
    Object get(String name) {
        Object value = variables.get(name);
        return value != null || outer == null ? value : outer.get(name);
    }
}
