package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import java.util.Map;
import java.util.Objects;

/**
 * A configuration, and where each of its values comes from.
 *
 * @param config the values
 * @param origins where each value comes from, by key: the name of a configuration, a file, or the option that was typed, such as {@code --training.steps}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ExplainedConfig(TrainerConfig config, Map<String, String> origins) {

    /** The column in which comments begin, unless the value before is too long. */
    private static final int COMMENT_COLUMN = 44;

    public ExplainedConfig {
        origins = Map.copyOf(origins);
    }

    /** The configuration as TOML with all keys, each with a comment that says where its value comes from. Loading it gives an equal configuration. */
    public String toml() {
        Schema schema = Schema.read();
        StringBuilder toml = new StringBuilder(PlugInTables.toml(config.plugin()));
        StringBuilder section = new StringBuilder();
        Map<String, Object> values = schema.values(config);
        schema.headed().forEach((key, kind) -> {
            int dot = key.indexOf('.');
            String head = dot < 0 ? "" : key.substring(0, dot);
            if (!head.contentEquals(section)) {
                section.replace(0, section.length(), head);
                toml.append("\n[").append(head).append("]\n");
            }
            String line = key.substring(dot + 1) + " = " + kind.shown().apply(Objects.requireNonNull(values.get(key)));
            toml.append(line).append(" ".repeat(Math.max(2, COMMENT_COLUMN - line.length()))).append("# ")
                    .append(Shown.of(origins.getOrDefault(key, ""))).append('\n');
        });
        Map<String, SourceConfig> sources = config.data().sources();
        sources.keySet().forEach(name -> toml.append("\n[").append(SourceTables.KEY).append('.').append(name)
                .append("]\n").append(SourceTables.table(name, sources)));
        return toml.toString();
    }
}
