package io.moe4j.autograd;

import io.moe4j.api.Stability;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Values that one segment keeps from forward to recompute and backward of the same step; see {@link Tape#kept}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class KeptValues {
    private final Map<String, Object> values = new HashMap<>();

    <T> T get(Class<T> type, String key, Supplier<T> compute) {
        Object value = values.get(key);
        if (value == null) {
            value = compute.get();
            values.put(key, value);
        }
        return type.cast(value);
    }
}
