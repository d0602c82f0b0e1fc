package io.moe4j.chattemplate.python;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call of a function, filter or test.
 *
 * @param positional in their order
 * @param named those with a name
 */
public record Arguments(List<Object> positional, Map<String, Object> named) {
    /** Nothing. */
    public static final Arguments NONE = new Arguments(List.of(), Map.of());

    /**
     * The arguments in the order of the parameters; null for an optional one that is missing.
     *
     * @param function its name, for the message
     * @param parameters names; one that ends with {@code ?} may be missing, and one that begins with {@code /} cannot be given by its name
     */
    public @Nullable Object[] bind(String function, String... parameters) {
        @Nullable Object[] bound = new Object[parameters.length];
        if (positional.size() > parameters.length) {
            throw new PythonError(function + " takes at most " + parameters.length + " arguments, and got "
                    + positional.size() + "; leave out the last");
        }
        int used = 0;
        for (int i = 0; i < parameters.length; i++) {
            String name = parameters[i].replace("?", "");
            Object byName = named.get(name);
            if (i < positional.size()) {
                bound[i] = positional.get(i);
                if (byName != null) {
                    throw new PythonError(function + " got its argument \"" + name + "\" twice; give it once");
                }
            } else if (byName != null) {
                bound[i] = byName;
                used++;
            } else if (!parameters[i].endsWith("?")) {
                throw new PythonError(function + " needs its argument \"" + name.replace("/", "") + "\"; give it");
            }
        }
        if (used < named.size()) {
            throw new PythonError(function + " has no parameters of all these names: " + named.keySet()
                    + "; give arguments in their order");
        }
        return bound;
    }

    /** The first of the parameters, which is required. */
    public Object required(String function, String... parameters) {
        return Objects.requireNonNull(bind(function, parameters)[0]);
    }
}
