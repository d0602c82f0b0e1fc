package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Decides whether two configurations describe the same training. All keys are compared, except those that do not change the result of a step: the length of
 * the run ({@code training.steps}), what is measured or saved, what a rank keeps in memory, and which work overlaps.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class SameTraining {
    private static final List<String> FREE = List.of("training.steps", "training.keep_converted", "training.overlap",
            "parallelism.reshard_after_forward",
            "activation_checkpoint.", "checkpoint.", "metrics.", "profile.",
            "runtime.", "validation.");

    private SameTraining() {}

    /** The keys that differ, in the order of their names; none if both describe the same training. */
    public static List<String> differences(TrainerConfig one, TrainerConfig other) {
        Map<String, String> first = values(one);
        Map<String, String> second = values(other);
        TreeSet<String> keys = new TreeSet<>(first.keySet());
        keys.addAll(second.keySet());
        return keys.stream().filter(key -> FREE.stream().noneMatch(key::startsWith))
                .filter(key -> !Objects.equals(first.get(key), second.get(key))).toList();
    }

    private static Map<String, String> values(TrainerConfig config) {
        Map<String, String> values = new LinkedHashMap<>();
        ConfigLoader.toml(config).lines().forEach(line -> {
            int equals = line.indexOf('=');
            values.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        });
        if (config.model().from().isPresent()) {
            // The model comes from a folder; earlier versions wrote another text here.
            values.remove("model.flavor");
        }
        return values;
    }
}
