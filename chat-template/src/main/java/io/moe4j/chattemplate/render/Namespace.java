package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Attributed;
import io.moe4j.chattemplate.python.Dict;
import io.moe4j.chattemplate.python.Text;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values that, unlike variables, loops and macros can change: {@code namespace(found=false)}. */
final class Namespace implements Attributed {
    private final Map<String, Object> values;

    Namespace(Map<String, Object> values) {
        this.values = new LinkedHashMap<>(values);
    }

    void set(String name, Object value) {
        values.put(name, value);
    }

    @Override
    public @Nullable Object attribute(String name) {
        return values.get(name);
    }

    @Override
    public String shown() {
        Dict.Builder dict = new Dict.Builder();
        values.forEach(dict::put);
        return "<Namespace " + Text.repr(dict.build()) + ">";
    }
}
