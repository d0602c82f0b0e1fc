package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Collects the problems of one configuration. Rules about keys whose values could not be read are not applied, because these keys have been reported already.
 */
final class Findings {
    private final Schema schema = Schema.read();
    private final Map<String, Object> values;
    private final Set<String> broken;
    private final List<Problem> problems = new ArrayList<>();

    Findings(TrainerConfig config, Set<String> broken) {
        this.values = new LinkedHashMap<>(schema.values(config));
        this.broken = new HashSet<>(broken);
    }

    List<Problem> problems() {
        return problems;
    }

    /** Whether all of these keys have values that could be read. */
    boolean readable(String... keys) {
        return Set.of(keys).stream().noneMatch(broken::contains);
    }

    /** Stops applying rules about this key: its value has been reported, and further problems would only follow from that. */
    void setAside(String key) {
        broken.add(key);
    }

    /** Notes a problem. */
    void note(Problem problem) {
        problems.add(problem);
    }

    /** Notes a problem if the key has a value that could be read, and this one is refused. */
    void refuse(boolean refused, String key, Problem problem) {
        if (refused && readable(key)) {
            problems.add(problem);
        }
    }

    /** Notes a problem unless the rule holds. */
    void require(boolean holds, String rule, String remedy, String... keys) {
        if (!holds && readable(keys)) {
            problems.add(new Problem(shown(keys), rule, remedy));
        }
    }

    /** Keys with their values, for messages. */
    String shown(String... keys) {
        return List.of(keys).stream().map(key -> key + " = " + shown(key)).collect(Collectors.joining(", "));
    }

    private String shown(String key) {
        Kind kind = schema.keys().get(key);
        Object value = values.get(key);
        if (kind == null || value == null) {
            throw new IllegalArgumentException(key + " is no key of a configuration");
        }
        return Shown.of(kind.shown().apply(value));
    }
}
