package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The values that a configuration has in the table {@code [plugin.ID]} of one plug-in. Since 0.2.0.
 *
 * @param plugin the plug-in's id, for messages
 * @param values the values by key, each a {@code Boolean}, {@code Long}, {@code Double} or {@code String}
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Settings(String plugin, Map<String, Object> values) {

    public Settings {
        values = Collections.unmodifiableMap(new TreeMap<>(values));
    }

    /** No values, so that each setting has its default. */
    public static Settings none(String plugin) {
        return new Settings(plugin, Map.of());
    }

    /** These values and one more. */
    public Settings with(String name, Object value) {
        Map<String, Object> more = new TreeMap<>(values);
        more.put(name, value);
        return new Settings(plugin, more);
    }

    /**
     * The value of a setting, or its default.
     *
     * @throws IllegalArgumentException if the value breaks the setting's rule; a configuration is checked earlier
     */
    public <T> T get(Setting<T> setting) {
        Object given = values.get(setting.name());
        if (given == null) {
            return Objects.requireNonNull(setting.fallback());
        }
        return setting.reader().apply(given).orElseThrow(() -> new IllegalArgumentException("plugin." + plugin + "."
                + setting.name() + " is " + given + ", but has to be " + setting.rule()));
    }
}
