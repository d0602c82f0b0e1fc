package io.moe4j.trainer.huggingface;

import io.moe4j.api.Shown;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The values of an {@code adapter_config.json}.
 *
 * @param rank r
 * @param alpha lora_alpha
 * @param base base_model_name_or_path
 */
record AdapterKeys(int rank, double alpha, Optional<String> base) {
    /** Keys that, if true, change the computation in a way that is not supported here. */
    private static final List<String> FLAGS = List.of("use_dora", "use_rslora", "fan_in_fan_out", "lora_bias");
    /** Keys that, if they have a value, change the computation in a way that is not supported here. */
    private static final List<String> VALUES = List.of("modules_to_save", "rank_pattern", "alpha_pattern",
            "trainable_token_indices", "target_parameters", "layer_replication", "megatron_config");

    static AdapterKeys read(Path folder, Map<String, Object> config) {
        ProblemList problems = new ProblemList();
        if (!"LORA".equals(config.get("peft_type"))) {
            problems.add("peft_type must be LORA", shown(config, "peft_type"));
        }
        int rank = config.get("r") instanceof Integer value && value > 0 ? value : 0;
        if (rank == 0) {
            problems.add("r must be a whole number above 0", shown(config, "r"));
        }
        double alpha = config.get("lora_alpha") instanceof Number value ? value.doubleValue() : 0;
        if (!(alpha > 0) || !Double.isFinite(alpha)) {
            problems.add("lora_alpha must be a number above 0", shown(config, "lora_alpha"));
        }
        if (config.get("bias") != null && !"none".equals(config.get("bias"))) {
            problems.add("biases are not trained here: bias must be none", shown(config, "bias"));
        }
        FLAGS.stream().filter(key -> Boolean.TRUE.equals(config.get(key))).forEach(
                key -> problems.add("a variant of LoRA that is not computed here; train without it",
                        shown(config, key)));
        VALUES.stream().filter(key -> isSet(config.get(key))).forEach(key -> problems.add(
                "a key that is not read here; train with one rank and alpha for all targets, of matrices by their names"
                        + " (experts one by one, as transformers 4 has them)",
                shown(config, key)));
        problems.refuse(Shown.of(folder.resolve(AdapterFolder.CONFIG)) + " cannot be used:");
        return new AdapterKeys(rank, alpha, Optional.ofNullable(config.get(AdapterFolder.BASE))
                .filter(String.class::isInstance).map(String.class::cast).filter(text -> !text.isBlank()));
    }

    private static boolean isSet(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Collection<?> all -> !all.isEmpty();
            case Map<?, ?> all -> !all.isEmpty();
            default -> true;
        };
    }

    private static String shown(Map<String, Object> config, String key) {
        return key + " = " + (config.containsKey(key) ? Shown.of(String.valueOf(config.get(key))) : "(not there)");
    }
}
