package io.moe4j.trainer.model;

import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.HuggingFaceForm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The content of {@code config.json} and {@code generation_config.json}. */
final class ExportedConfig {
    /** Keys of the original file that are written in another form, or are no longer true. */
    private static final Set<String> LEFT_OUT = Set.of("rope_parameters", "rope_scaling", "rope_theta",
            "num_local_experts", "num_nextn_predict_layers", "quantization_config", "auto_map", "transformers_version",
            "dtype", "torch_dtype", "_name_or_path");
    private static final List<String> TOKENS = List.of("bos_token_id", "eos_token_id");

    private ExportedConfig() {}

    /**
     * The keys of the model, as transformers 4 and 5 read them, and those of the original file, which may have more, such as ids of special tokens.
     *
     * @param original the keys of the original file of the model; empty if it has none
     */
    static Map<String, Object> of(HuggingFaceForm form, Map<String, Object> original, DType dtype) {
        Map<String, Object> config = new LinkedHashMap<>(form.config());
        original.forEach((key, value) -> {
            if (!LEFT_OUT.contains(key)) {
                config.put(key, value);
            }
        });
        // Without these keys, transformers would use the defaults of the class, which may lie outside the vocabulary.
        TOKENS.forEach(key -> config.putIfAbsent(key, null));
        String name = switch (dtype) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(dtype + " is no type of weights");
        };
        config.put("torch_dtype", name);
        config.put("dtype", name);
        return config;
    }

    /** The keys of the original file, or else the ids of special tokens. */
    static Map<String, Object> generation(Map<String, Object> original, Map<String, Object> config) {
        if (!original.isEmpty()) {
            return original;
        }
        Map<String, Object> generation = new LinkedHashMap<>();
        generation.put("_from_model_config", true);
        TOKENS.stream().filter(key -> config.get(key) != null).forEach(key -> generation.put(key, config.get(key)));
        return generation;
    }
}
