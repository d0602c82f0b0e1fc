package io.moe4j.trainer.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** The keys of a configuration, read from the records that hold it: the vocabulary of files and of the command line. */
final class Schema {
    private static final Pattern CAPITAL = Pattern.compile("([A-Z])");
    private static final Schema READ = ofRecords();

    private final Map<String, Kind> keys;

    private Schema(Map<String, Kind> keys) {
        this.keys = Collections.unmodifiableMap(keys);
    }

    /** The keys of the records, read once. */
    static Schema read() {
        return READ;
    }

    private static Schema ofRecords() {
        Map<String, Kind> keys = new LinkedHashMap<>();
        collect(TrainerConfig.class, "", keys);
        return new Schema(keys);
    }

    /** All keys in the order of the records, sections joined by dots. */
    Map<String, Kind> keys() {
        return keys;
    }

    /** All keys, with those outside of sections first, as TOML requires. */
    Map<String, Kind> headed() {
        Map<String, Kind> headed = new LinkedHashMap<>();
        keys.forEach((key, kind) -> {
            if (key.indexOf('.') < 0) {
                headed.put(key, kind);
            }
        });
        headed.putAll(keys);
        return headed;
    }

    /** Whether some key begins with this section. */
    boolean isSection(String path) {
        return keys.keySet().stream().anyMatch(key -> key.startsWith(path + "."));
    }

    /** Whether the key's value is true or false. */
    boolean isFlag(String path) {
        Kind kind = keys.get(path);
        return kind != null && kind.wanted().equals(Kind.of("boolean").wanted());
    }

    /** Whether the key's value is a path of a file or folder. */
    boolean isPath(String path) {
        Kind kind = keys.get(path);
        return kind != null && (kind.wanted().equals(Kind.of("java.util.Optional<java.nio.file.Path>").wanted())
                || kind.wanted().equals(Kind.of("io.moe4j.trainer.config.Resume").wanted()));
    }

    /** Builds a configuration from a value for every key. */
    TrainerConfig build(Map<String, Object> values) {
        return build(TrainerConfig.class, "", values);
    }

    /** The values of a configuration, by key. */
    Map<String, Object> values(TrainerConfig config) {
        Map<String, Object> values = new LinkedHashMap<>();
        flatten(config, "", values);
        return values;
    }

    private static void collect(Class<? extends Record> type, String prefix, Map<String, Kind> keys) {
        for (RecordComponent component : type.getRecordComponents()) {
            String path = prefix + snakeCase(component.getName());
            if (PlugInTables.KEY.equals(path) || SourceTables.KEY.equals(path)) {
                continue;
            }
            if (isSection(component)) {
                collect(component.getType().asSubclass(Record.class), path + ".", keys);
            } else {
                keys.put(path, Kind.of(component.getGenericType().getTypeName()));
            }
        }
    }

    private static <R extends Record> R build(Class<R> type, String prefix, Map<String, Object> values) {
        RecordComponent[] components = type.getRecordComponents();
        List<Object> arguments = new ArrayList<>();
        for (RecordComponent component : components) {
            String path = prefix + snakeCase(component.getName());
            arguments.add(isSection(component)
                    ? build(component.getType().asSubclass(Record.class), path + ".", values)
                    : values.get(path));
        }
        try {
            return type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new))
                    .newInstance(arguments.toArray());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be made of " + arguments, e);
        }
    }

    private static void flatten(Record section, String prefix, Map<String, Object> values) {
        for (RecordComponent component : section.getClass().getRecordComponents()) {
            String path = prefix + snakeCase(component.getName());
            try {
                Object value = component.getAccessor().invoke(section);
                if (isSection(component)) {
                    flatten((Record) value, path + ".", values);
                } else {
                    values.put(path, value);
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(path + " cannot be read", e);
            }
        }
    }

    private static boolean isSection(RecordComponent component) {
        return component.getType().isRecord()
                && component.getType().getPackage().equals(TrainerConfig.class.getPackage());
    }

    private static String snakeCase(String name) {
        return CAPITAL.matcher(name).replaceAll("_$1").toLowerCase(Locale.ROOT);
    }
}
