package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The part of a configuration that must be equal on all ranks of a run: all keys but paths, those whose files are compared by content, and those that are
 * only for people.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.INTERNAL)
public final class AgreedKeys {
    private static final String FOR_PEOPLE = "metrics.";
    /** This key may be a path; the tokenizer's identity is compared instead. */
    private static final String TOKENIZER = "data.tokenizer";

    private AgreedKeys() {}

    /** The values to compare, as they are written in TOML, by key. */
    public static Map<String, String> of(TrainerConfig config) {
        Schema schema = Schema.read();
        Map<String, String> agreed = new LinkedHashMap<>();
        SourceTables.shown(config.data().sources()).forEach((key, value) -> {
            if (!key.endsWith(".path")) {
                agreed.put(key, value);
            }
        });
        schema.values(config).forEach((key, value) -> {
            // The name of the model's folder; the folder's content is compared instead.
            boolean ofPath = key.equals("model.flavor") && config.model().from().isPresent();
            if (!ofPath && !key.equals(SourceTables.KEY) && !schema.isPath(key) && !key.startsWith(FOR_PEOPLE)
                    && !key.equals(TOKENIZER)) {
                agreed.put(key, schema.keys().getOrDefault(key, Kind.of("java.lang.String")).shown().apply(value));
            }
        });
        return agreed;
    }
}
