package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A plug-in's own setting: a key of the table {@code [plugin.ID]} of a configuration, where ID is the plug-in's id. A plug-in lists its settings in
 * {@link Provider#settings()}, so that a configuration can be checked before anything is opened, and reads them from {@link Settings}. Since 0.2.0.
 *
 * <pre>{@code
 * static final Setting<Long> CHUNK_ROWS = Setting.integer("chunk_rows", 4096, 1, 1 << 20);
 * }</pre>
 *
 * @param name the key: lower case, digits and underscores
 * @param fallback the value if the configuration does not set it
 * @param rule the allowed values, for messages, such as {@code "an integer from 1 to 8"}
 * @param reader converts the value in the configuration (a {@code Boolean}, {@code Long}, {@code Double} or {@code String}); empty if it breaks the
 *     rule
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Setting<T>(String name, T fallback, String rule, Function<Object, Optional<T>> reader) {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

    public Setting {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is not a valid setting name; use lower-case letters, digits and underscores");
        }
    }

    /** An integer in {@code [least, most]}. */
    public static Setting<Long> integer(String name, long fallback, long least, long most) {
        return checked(new Setting<>(name, fallback, "an integer from " + least + " to " + most,
                given -> given instanceof Long value && value >= least && value <= most
                        ? Optional.of(value)
                        : Optional.empty()));
    }

    /** A number in {@code [least, most]}. */
    public static Setting<Double> number(String name, double fallback, double least, double most) {
        return checked(new Setting<>(name, fallback, "a number from " + least + " to " + most,
                given -> Optional.of(given).filter(Number.class::isInstance)
                        .map(value -> ((Number) value).doubleValue())
                        .filter(value -> value >= least && value <= most)));
    }

    /** {@code true} or {@code false}. */
    public static Setting<Boolean> flag(String name, boolean fallback) {
        return new Setting<>(name, fallback, "true or false",
                given -> Optional.of(given).filter(Boolean.class::isInstance).map(Boolean.class::cast));
    }

    /** Any text. */
    public static Setting<String> text(String name, String fallback) {
        return new Setting<>(name, fallback, "a text", given -> Optional.of(given.toString()));
    }

    /** One of several words. */
    public static Setting<String> choice(String name, String fallback, List<String> choices) {
        List<String> words = List.copyOf(choices);
        return checked(new Setting<>(name, fallback, "one of " + words,
                given -> Optional.of(given.toString()).filter(words::contains)));
    }

    private static <T> Setting<T> checked(Setting<T> setting) {
        if (setting.reader().apply(setting.fallback()).isEmpty()) {
            throw new IllegalArgumentException(
                    "the default of setting " + setting.name() + ", " + setting.fallback() + ", is not "
                            + setting.rule());
        }
        return setting;
    }
}
