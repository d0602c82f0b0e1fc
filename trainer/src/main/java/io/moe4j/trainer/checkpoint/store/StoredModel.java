package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The model of a checkpoint: what is needed to open its weights, and to write them for other software.
 *
 * @param name id of the model provider
 * @param flavor its size, if it is one that the provider names
 * @param config the keys of a {@code config.json}, if the model has some
 * @param generation the keys of the {@code generation_config.json} of the folder that training started from
 * @param tokenizer the tokenizer of the run: an id, or an absolute path
 * @param from the folder that training started from, as an absolute path
 * @param chatTemplate the chat template of the run, if it is not the one beside its tokenizer or in {@code from}
 * @param lora the low-rank updates that the checkpoint has instead of the model's parameters; the parameters are those of {@code from}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record StoredModel(String name, Optional<String> flavor, Optional<Map<String, Object>> config,
        Optional<Map<String, Object>> generation, String tokenizer, Optional<String> from,
        Optional<String> chatTemplate, Optional<StoredLora> lora) {

    public StoredModel {
        config = config.map(StoredModel::copy);
        generation = generation.map(StoredModel::copy);
    }

    /** A model without low-rank updates: the checkpoint has all parameters. */
    public StoredModel(String name, Optional<String> flavor, Optional<Map<String, Object>> config,
            Optional<Map<String, Object>> generation, String tokenizer, Optional<String> from) {
        this(name, flavor, config, generation, tokenizer, from, Optional.empty(), Optional.empty());
    }

    /** A model with low-rank updates, which the checkpoint has instead of the parameters. */
    public StoredModel withLora(StoredLora value) {
        return new StoredModel(name, flavor, config, generation, tokenizer, from, chatTemplate, Optional.of(value));
    }

    /** With a chat template of its own. */
    public StoredModel withChatTemplate(Optional<String> value) {
        return new StoredModel(name, flavor, config, generation, tokenizer, from, value, lora);
    }

    /**
     * The number of modules for multi-token prediction; empty if the checkpoint does not describe its model, 0 if it was written before moe4j had such
     * modules.
     */
    public OptionalInt predictionDepth() {
        return config.map(keys -> OptionalInt.of(keys.get("num_nextn_predict_layers") instanceof Number depth
                && lora.isEmpty() ? depth.intValue() : 0)).orElse(OptionalInt.empty());
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        flavor.ifPresent(value -> json.put("flavor", value));
        config.ifPresent(value -> json.put("config", value));
        generation.ifPresent(value -> json.put("generation", value));
        json.put("tokenizer", tokenizer);
        from.ifPresent(value -> json.put("from", value));
        chatTemplate.ifPresent(value -> json.put("chat_template", value));
        lora.ifPresent(value -> json.put("lora", value.json()));
        return json;
    }

    static StoredModel decode(Fields fields) {
        return new StoredModel(fields.text("name"), fields.textIfPresent("flavor"), fields.values("config"),
                fields.values("generation"), fields.text("tokenizer"), fields.textIfPresent("from"),
                fields.textIfPresent("chat_template"), fields.object("lora").map(StoredLora::decode));
    }

    /** Keeps the order of the keys, and nulls. */
    private static Map<String, Object> copy(Map<String, Object> values) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }
}
