package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.util.Map;
import java.util.TreeMap;

/**
 * The position of a {@link SequenceSource}, as a checkpoint stores it.
 *
 * @param source name of the source
 * @param kind the kind of source that wrote it, with its version, such as {@code stream-1}; other kinds cannot read it
 * @param values the values that the kind needs, by name; at most 1,000 characters each
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourcePosition(String source, String kind, Map<String, String> values) {

    public SourcePosition {
        values = Map.copyOf(values);
    }

    /** A value. */
    public String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw damaged("has no \"" + key + "\"");
        }
        return value;
    }

    /** A value that is a count, 0 or more. */
    public long count(String key) {
        String value = text(key);
        try {
            long count = Long.parseLong(value);
            if (count >= 0) {
                return count;
            }
        } catch (NumberFormatException e) {
            // Refused below.
        }
        throw damaged(
                "has \"" + key + "\" = \"" + Shown.of(value) + "\", where a whole number, 0 or more, is expected");
    }

    /** The error for a position that cannot be used. */
    public InputException damaged(String problem) {
        return new InputException("the position in the data source \"" + Shown.of(source) + "\" (" + Shown.of(kind)
                + ") " + problem + "; continue from another checkpoint, or begin the data anew with"
                + " data.on_changed = \"restart\"");
    }

    @Override
    public String toString() {
        return source + " " + kind + " " + new TreeMap<>(values);
    }
}
