package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The fields of a JSON object, each with its type.
 *
 * @param file its name, for messages
 * @param node the object
 */
record Fields(String file, JsonNode node) {
    private static final int LONGEST_SHOWN = 60;

    /** Reads a text that must be one JSON object. */
    static Fields read(String file, byte[] json) {
        try {
            return of(file, JsonMapper.shared().reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .readTree(new String(json, StandardCharsets.UTF_8)));
        } catch (JacksonException e) {
            throw new DamageException(file + ": a JSON object was expected, and it cannot be read ("
                    + Shown.parserMessage(e.getOriginalMessage()) + ")");
        }
    }

    private static Fields of(String file, JsonNode node) {
        if (!node.isObject()) {
            throw new DamageException(file + ": a JSON object was expected, and \"" + shown(node) + "\" was found");
        }
        return new Fields(file, node);
    }

    /** A whole number of at least 0. */
    long count(String name) {
        JsonNode value = node.path(name);
        if (!isCount(value)) {
            throw wrong(name, "a whole number from 0 to 2^63 - 1", value);
        }
        return value.longValue();
    }

    /** A whole number from 0 to 2^31 - 1. */
    int smallCount(String name) {
        long value = count(name);
        if (value > Integer.MAX_VALUE) {
            throw wrong(name, "a whole number from 0 to 2^31 - 1", node.path(name));
        }
        return (int) value;
    }

    /** Any whole number. */
    long whole(String name) {
        JsonNode value = node.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw wrong(name, "a whole number from -2^63 to 2^63 - 1", value);
        }
        return value.longValue();
    }

    String text(String name) {
        JsonNode value = node.path(name);
        if (!value.isString()) {
            throw wrong(name, "a text", value);
        }
        return value.stringValue();
    }

    Optional<String> textIfPresent(String name) {
        return node.has(name) ? Optional.of(text(name)) : Optional.empty();
    }

    /** An object with any keys; empty if there is none. */
    Optional<Map<String, Object>> values(String name) {
        return object(name).map(found -> JsonMapper.shared().convertValue(found.node, new TypeReference<>() {}));
    }

    /** A finite number above 0. */
    double positive(String name) {
        JsonNode value = node.path(name);
        if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
            throw wrong(name, "a number above 0", value);
        }
        return value.doubleValue();
    }

    boolean flag(String name) {
        JsonNode value = node.path(name);
        if (!value.isBoolean()) {
            throw wrong(name, "true or false", value);
        }
        return value.booleanValue();
    }

    /** The names of all fields. */
    List<String> names() {
        return List.copyOf(node.propertyNames());
    }

    List<Integer> ranks() {
        JsonNode value = node.path("ranks");
        if (!value.isArray() || !value.valueStream().allMatch(rank -> isCount(rank) && rank.canConvertToInt())) {
            throw wrong("ranks", "a list of ranks", value);
        }
        return value.valueStream().map(JsonNode::intValue).toList();
    }

    Role role() {
        return Role.of(text("role")).orElseThrow(() -> wrong("role", "one of " + List.of(Role.values()),
                node.path("role")));
    }

    List<Fields> objects(String name) {
        JsonNode value = node.path(name);
        if (!value.isArray()) {
            throw wrong(name, "a list", value);
        }
        return value.valueStream().map(each -> of(file, each)).toList();
    }

    Optional<Fields> object(String name) {
        return node.has(name) ? Optional.of(of(file, node.path(name))) : Optional.empty();
    }

    private DamageException wrong(String name, String wanted, JsonNode found) {
        return new DamageException(file + ": " + wanted + " was expected as \"" + name + "\", and "
                + (found.isMissingNode() ? "there is none" : shown(found) + " was found"));
    }

    private static boolean isCount(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0;
    }

    private static String shown(JsonNode node) {
        String text = node.toString();
        return Shown.of(text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "…");
    }
}
