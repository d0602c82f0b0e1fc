package io.moe4j.layers.huggingface;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads keys of one object of a {@code config.json}, and collects problems. A value that is wrong or missing is recorded as a problem and reads as 1,
 * {@code ""}, false, or an empty value. Read all keys, then call {@link #refuse}, then use the values.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ConfigReader {
    /** Planning a model of 1,000 layers takes a few seconds; with 100,000 layers, it would take minutes, in which the program seems to hang. */
    private static final int MOST_LAYERS = 1000;
    private static final String PREDICTION = "num_nextn_predict_layers";
    private static final int MOST_PREDICTION = 16;

    private final Map<?, ?> values;
    private final String prefix;
    private final List<String> problems;

    /** Reads the outermost object. */
    public ConfigReader(Map<?, ?> values) {
        this(values, "", new ArrayList<>());
    }

    private ConfigReader(Map<?, ?> values, String prefix, List<String> problems) {
        this.values = values;
        this.prefix = prefix;
        this.problems = problems;
    }

    /**
     * Throws if there are problems.
     *
     * @throws IllegalArgumentException listing all of them
     */
    public void refuse() {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("this config.json cannot be used:\n- " + String.join("\n- ", problems));
        }
    }

    /** Whether the key exists, and is not null. */
    public boolean has(String key) {
        return values.get(key) != null;
    }

    /** A whole number. */
    public long count(String key, long atLeast) {
        Object value = values.get(key);
        if (value instanceof Number number && number.doubleValue() == number.longValue()
                && number.longValue() >= atLeast && number.longValue() <= Integer.MAX_VALUE) {
            return number.longValue();
        }
        problem(key, "a whole number of at least " + atLeast);
        return 1;
    }

    /** A whole number, or {@code otherwise} where the key is missing or null. */
    public long count(String key, long atLeast, long otherwise) {
        return has(key) ? count(key, atLeast) : otherwise;
    }

    /** The number of layers: a whole number from 1 to 1,000. */
    public int layers(String key) {
        long layers = count(key, 1);
        if (layers > MOST_LAYERS) {
            reject(key, "1 to " + MOST_LAYERS, "check the file: no model has so many layers");
            return 1;
        }
        return (int) layers;
    }

    /**
     * The number of modules for multi-token prediction, {@code num_nextn_predict_layers}; 0 where it is missing.
     *
     * @since 0.3.0
     */
    public int predictionDepth() {
        long depth = count(PREDICTION, 0, 0);
        if (depth > MOST_PREDICTION) {
            reject(PREDICTION, "0 to " + MOST_PREDICTION, "check the file: no model predicts so many tokens");
            return 0;
        }
        return (int) depth;
    }

    /** Whole numbers from 0; none where the key is missing or null. */
    public List<Integer> counts(String key) {
        if (!has(key)) {
            return List.of();
        }
        List<Integer> counts = new ArrayList<>();
        if (values.get(key) instanceof List<?> list) {
            for (Object element : list) {
                if (element instanceof Number number && number.doubleValue() == number.intValue()
                        && number.intValue() >= 0) {
                    counts.add(number.intValue());
                } else {
                    problem(key, "a list of whole numbers of at least 0");
                    return List.of();
                }
            }
            return counts;
        }
        problem(key, "a list of whole numbers of at least 0");
        return List.of();
    }

    /** A finite number. */
    public double number(String key) {
        if (values.get(key) instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        problem(key, "a number");
        return 1;
    }

    /** A finite number, or {@code otherwise} where the key is missing or null. */
    public double number(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    /** A finite number above 0, or {@code otherwise} where the key is missing or null. */
    public double positive(String key, double otherwise) {
        double value = number(key, otherwise);
        if (!(value > 0)) {
            problem(key, "a number above 0");
            return 1;
        }
        return value;
    }

    /** True or false. */
    public boolean flag(String key) {
        if (values.get(key) instanceof Boolean flag) {
            return flag;
        }
        problem(key, "true or false");
        return false;
    }

    /**
     * True or false, or {@code otherwise} where the key is missing. Null is false, as in Python; where that is not {@code otherwise}, it is a problem, because
     * whoever wrote it may have meant either.
     */
    public boolean flag(String key, boolean otherwise) {
        boolean given = has(key) || (otherwise && values.containsKey(key));
        return given ? flag(key) : otherwise;
    }

    /** A string. */
    public String text(String key) {
        if (values.get(key) instanceof String text) {
            return text;
        }
        problem(key, "a string");
        return "";
    }

    /** A string, or {@code otherwise} where the key is missing or null. */
    public String text(String key, String otherwise) {
        return has(key) ? text(key) : otherwise;
    }

    /** An object within this one; its problems are added to this reader's. */
    public ConfigReader section(String key) {
        if (values.get(key) instanceof Map<?, ?> section) {
            return new ConfigReader(section, prefix + key + ".", problems);
        }
        problem(key, "an object");
        // The keys that it would have are not reported as missing too.
        return new ConfigReader(Map.of(), prefix + key + ".", new ArrayList<>());
    }

    /** If the key exists, it must have this value. */
    public void onlyIfPresent(String key, Object supported, String why) {
        if (has(key) && !same(values.get(key), supported)) {
            reject(key, supported, why);
        }
    }

    /** The key must exist and have this value. */
    public void only(String key, Object supported, String why) {
        if (!same(values.get(key), supported)) {
            reject(key, supported, why);
        }
    }

    /** Records that the value of a key is not supported, with the value that is. */
    public void reject(String key, Object supported, String why) {
        problems.add(
                prefix + key + " = " + Shown.of(values.get(key)) + ": only " + supported + " is supported; " + why);
    }

    /**
     * Two keys for the same number: if both exist, they must have equal values.
     *
     * @since 0.3.0
     */
    public void sameIfPresent(String key, String other) {
        Object value = values.get(key);
        if (value != null) {
            onlyIfPresent(other, value, "it is another name of " + key + ", which has that value");
        }
    }

    /** Whether this object has objects within it. */
    boolean hasSections() {
        return values.values().stream().anyMatch(Map.class::isInstance);
    }

    /** Whether two keys, if both exist, have equal values. */
    boolean agree(String key, String other) {
        return !has(key) || !has(other) || Objects.equals(values.get(key), values.get(other));
    }

    private void problem(String key, String wanted) {
        problems.add(prefix + key
                + (values.containsKey(key) ? " = " + Shown.of(values.get(key)) + ": " : " is missing: ")
                + "it must be " + wanted);
    }

    private static boolean same(@Nullable Object value, Object supported) {
        return (value instanceof Number a && supported instanceof Number b) ? a.doubleValue() == b.doubleValue()
                : supported.equals(value);
    }
}
