package io.moe4j.model.deepseek;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads keys of one object of a configuration, collecting what is wrong. What is wrong reads as 1, {@code ""}, false or an empty object. */
final class ConfigReader {
    private final Map<?, ?> values;
    private final String prefix;
    private final List<String> problems;

    ConfigReader(Map<?, ?> values) {
        this(values, "", new ArrayList<>());
    }

    private ConfigReader(Map<?, ?> values, String prefix, List<String> problems) {
        this.values = values;
        this.prefix = prefix;
        this.problems = problems;
    }

    /** Everything wrong so far, sections included. */
    List<String> problems() {
        return problems;
    }

    /** Whether the key is there, and not null. */
    boolean has(String key) {
        return values.get(key) != null;
    }

    long count(String key, long atLeast) {
        Object value = values.get(key);
        if (value instanceof Number number && number.doubleValue() == number.longValue()
                && number.longValue() >= atLeast && number.longValue() <= Integer.MAX_VALUE) {
            return number.longValue();
        }
        problem(key, "a whole number of at least " + atLeast);
        return 1;
    }

    double number(String key) {
        if (values.get(key) instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        problem(key, "a number");
        return 1;
    }

    boolean flag(String key) {
        if (values.get(key) instanceof Boolean flag) {
            return flag;
        }
        problem(key, "true or false");
        return false;
    }

    String text(String key) {
        if (values.get(key) instanceof String text) {
            return text;
        }
        problem(key, "a string");
        return "";
    }

    /** An object within this one. */
    ConfigReader section(String key) {
        if (values.get(key) instanceof Map<?, ?> section) {
            return new ConfigReader(section, prefix + key + ".", problems);
        }
        problem(key, "an object");
        return new ConfigReader(Map.of(), prefix + key + ".", new ArrayList<>());
    }

    /** The key, if it is there, must have this value. */
    void onlyIfPresent(String key, Object supported, String why) {
        if (has(key) && !same(values.get(key), supported)) {
            reject(key, supported, why);
        }
    }

    /** The key must be there, and have this value. */
    void only(String key, Object supported, String why) {
        if (!same(values.get(key), supported)) {
            reject(key, supported, why);
        }
    }

    void reject(String key, Object supported, String why) {
        problems.add(prefix + key + " = " + values.get(key) + ": only " + supported + " is supported; " + why);
    }

    private void problem(String key, String wanted) {
        problems.add(prefix + key + (values.containsKey(key) ? " = " + values.get(key) + ": " : " is missing: ")
                + "it must be " + wanted);
    }

    private static boolean same(@Nullable Object value, Object supported) {
        return value instanceof Number a && supported instanceof Number b ? a.doubleValue() == b.doubleValue()
                : supported.equals(value);
    }
}
