package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Attributed;
import io.moe4j.chattemplate.python.Methods;
import io.moe4j.chattemplate.python.Subscripts;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import org.jspecify.annotations.Nullable;

/**
 * {@code value.name} and {@code value[key]}. Both find methods and items. The first form prefers methods: {@code tool.items} is the method even if the dict
 * has a key of this name. The second form prefers items.
 */
final class Lookup {

    private Lookup() {}

    static Object attribute(Object of, String name) {
        Undefined.defined(of);
        Object found = member(of, name);
        return found != null ? found : orUndefined(Subscripts.item(of, name), of, name);
    }

    static Object item(Object of, Object key) {
        Undefined.defined(of);
        Object found = Subscripts.item(of, key);
        if (found == null && Types.isText(key)) {
            found = member(of, Types.text(key, "a name"));
        }
        return orUndefined(found, of, key);
    }

    private static @Nullable Object member(Object of, String name) {
        if (name.startsWith("__") && name.endsWith("__")) {
            return new Undefined("\"" + name + "\" is not for templates; leave it out");
        }
        return of instanceof Attributed attributed ? attributed.attribute(name) : Methods.find(of, name);
    }

    private static Object orUndefined(@Nullable Object found, Object of, Object key) {
        return found != null ? found
                : Undefined.missing("a value of the type " + Types.name(of) + " has no "
                        + (key instanceof String name ? "\"" + name + "\"" : "item at this key"));
    }
}
