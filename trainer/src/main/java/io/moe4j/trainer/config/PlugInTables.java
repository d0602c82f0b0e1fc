package io.moe4j.trainer.config;

import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.spi.Settings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The tables {@code [plugin.ID]} of a configuration: the settings of plug-ins. Only the plug-ins know which keys exist, and their types, so values are kept
 * as they were written until {@link #check} compares them.
 */
final class PlugInTables {
    static final String KEY = "plugin";

    private final Map<String, Settings> tables = new TreeMap<>();

    Map<String, Settings> tables() {
        return tables;
    }

    /** Whether this is the section of all plug-ins, or of one plug-in. */
    static boolean isTable(String path) {
        return path.equals(KEY) || path.matches(KEY + "\\.[^.]+");
    }

    /** Sets {@code plugin.ID.KEY}; returns what is wrong, if anything is. */
    Optional<String> set(String path, Value value) {
        String[] parts = path.split("\\.", -1);
        if (parts.length != 3) {
            return Optional.of("a setting of a plug-in has a name of three parts");
        }
        Optional<Object> read = read(value);
        read.ifPresent(given -> tables.merge(parts[1], Settings.none(parts[1]).with(parts[2], given),
                (before, now) -> before.with(parts[2], given)));
        return read.isPresent() ? Optional.empty() : Optional.of("it is neither a number, a text, true nor false");
    }

    /** On the command line, a key without a value means true. */
    private static Optional<Object> read(Value value) {
        if (value instanceof Value.Typed(String text) && text.isEmpty()) {
            return Optional.of(true);
        }
        for (String type : List.of("boolean", "long", "double")) {
            Optional<?> read = Kind.of(type).read().apply(value);
            if (read.isPresent()) {
                return Optional.of(read.get());
            }
        }
        return value.text().map(Object.class::cast);
    }

    /** The settings as TOML with dotted keys, which must stand before all tables. */
    static String toml(Map<String, Settings> tables) {
        return tables.values().stream()
                .flatMap(table -> table.values().entrySet().stream()
                        .map(entry -> KEY + "." + table.plugin() + "." + entry.getKey() + " = "
                                + shown(entry.getValue()) + "\n"))
                .collect(Collectors.joining());
    }

    private static String shown(Object value) {
        return value instanceof String ? Kind.of("java.lang.String").shown().apply(value) : value.toString();
    }

    /** Checks that each table belongs to a plug-in that was found, and that the plug-in has each key and takes its value. */
    static void check(Registry registry, TrainerConfig config, Findings findings) {
        List<Provider> providers = registry.entries().stream().filter(Registry.Loaded.class::isInstance)
                .map(entry -> ((Registry.Loaded) entry).provider()).toList();
        config.plugin().forEach((id, table) -> {
            List<Provider> own = providers.stream().filter(provider -> provider.id().equals(id)).toList();
            if (own.isEmpty()) {
                findings.note(new Problem("[plugin." + id + "]", "there is no plug-in of this id",
                        NearestKey.of(id, providers.stream().map(Provider::id).toList())
                                .map(near -> "the nearest is " + near + "; or ").orElse("")
                                + "add its jar to the plug-in path"));
                return;
            }
            List<Setting<?>> settings = own.stream().flatMap(provider -> provider.settings().stream()).toList();
            table.values().forEach((key, value) -> check(id, key, value, settings, findings));
        });
    }

    private static void check(String id, String key, Object value, List<Setting<?>> settings, Findings findings) {
        String shown = KEY + "." + id + "." + key + " = " + shown(value);
        List<String> names = settings.stream().map(Setting::name).toList();
        Optional<Setting<?>> setting = settings.stream().filter(each -> each.name().equals(key)).findFirst();
        if (setting.isEmpty()) {
            findings.note(new Problem(shown, "this plug-in has no such setting",
                    names.isEmpty() ? "it has none; remove the line" : "it has " + names));
        } else if (setting.get().reader().apply(value).isEmpty()) {
            findings.note(new Problem(shown, "the value must be " + setting.get().rule(), ""));
        }
    }
}
