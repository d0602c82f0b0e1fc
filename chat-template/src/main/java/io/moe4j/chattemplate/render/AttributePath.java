package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.None;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A path from an item to the value that a filter uses: {@code attribute="function.name"}. Numbers are indices.
 *
 * @param keys one after the other
 */
record AttributePath(List<Object> keys) {

    /** A path as it is written; without one, the path of the item itself. */
    static AttributePath of(@Nullable Object attribute) {
        if (attribute == null || attribute == None.NONE) {
            return new AttributePath(List.of());
        }
        if (!Types.isText(attribute)) {
            return new AttributePath(List.of(attribute));
        }
        List<Object> keys = new ArrayList<>();
        for (String part : Types.text(attribute, "attribute").split("\\.", -1)) {
            boolean index = !part.isEmpty() && part.length() < 18 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            keys.add(index ? (Object) Long.valueOf(part) : part);
        }
        return new AttributePath(keys);
    }

    /**
     * The value at its end.
     *
     * @param missing replaces a missing attribute; null for none
     */
    Object of(Object item, @Nullable Object missing) {
        Object at = item;
        for (Object key : keys) {
            at = Lookup.item(at, key);
            if (missing != null && missing != None.NONE && at instanceof Undefined) {
                at = missing;
            }
        }
        return at;
    }
}
