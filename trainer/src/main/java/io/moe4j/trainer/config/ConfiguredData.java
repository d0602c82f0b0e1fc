package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.data.CorpusOptions;
import io.moe4j.data.DataOptions;
import io.moe4j.data.DataSource;
import io.moe4j.data.Packing;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Translates what a configuration says about the data into the types of the module {@code io.moe4j.data}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredData {
    /** The name of the only source if there is no table of sources. */
    public static final String ONLY_SOURCE = "data";
    /** The name of the source of validation if it is a path of its own. */
    private static final String VALIDATION = "validation";

    private ConfiguredData() {}

    /** The sources of training, in the order of their names. */
    public static List<DataSource> sources(DataConfig data) {
        if (data.sources().isEmpty()) {
            return List.of(new DataSource(ONLY_SOURCE, data.path(), 1, data.epochs()));
        }
        return data.sources().entrySet().stream()
                .map(entry -> new DataSource(entry.getKey(), entry.getValue().path(), entry.getValue().weight(),
                        entry.getValue().epochs().orElse(data.epochs())))
                .toList();
    }

    /** How the sources of training are read. */
    public static DataOptions options(TrainerConfig config, Registry registry) {
        Map<String, CorpusOptions> own = new TreeMap<>();
        config.data().sources().forEach((name, source) -> {
            if (source.hasFields()) {
                own.put(name, corpus(config, registry, SourceFields.of(config.data(), source)));
            }
        });
        return options(config, registry, own);
    }

    /** How the sources of validation are read: {@code validation.path} by its own fields and otherwise by the keys of {@code data}, others as in training. */
    public static DataOptions validationOptions(TrainerConfig config, Registry registry) {
        SourceConfig source = config.validation().source();
        return source.path().isEmpty() ? options(config, registry)
                : options(config, registry, source.hasFields()
                        ? Map.of(VALIDATION, corpus(config, registry, SourceFields.of(config.data(), source)))
                        : Map.of());
    }

    private static DataOptions options(TrainerConfig config, Registry registry, Map<String, CorpusOptions> own) {
        return new DataOptions(corpus(config, registry), own, config.training().seqLen(), config.training().seed(),
                config.data().shuffleTokens(), config.validation().split(), config.data().onChanged());
    }

    /** How files are read, except those of a source with fields of its own. */
    public static CorpusOptions corpus(TrainerConfig config, Registry registry) {
        return corpus(config, registry, SourceFields.of(config.data()));
    }

    private static CorpusOptions corpus(TrainerConfig config, Registry registry, SourceFields fields) {
        return CorpusOptions.DEFAULT.withBadLines(config.data().onBadLine()).withFields(fields.text(), fields.prompt())
                .withConversations(
                        fields.messages().map(field -> ConfiguredChat.conversations(config, registry, field)))
                .withFormats(registry);
    }

    /** Whether conversations are read, for training or for validation. */
    public static boolean hasConversations(TrainerConfig config) {
        SourceConfig validation = config.validation().source();
        return hasConversations(config.data()) || (validation.path().isPresent()
                && SourceFields.of(config.data(), validation).messages().isPresent());
    }

    /** Whether at least one source of training has conversations. */
    static boolean hasConversations(DataConfig data) {
        return data.messagesField().isPresent() || data.sources().values().stream()
                .anyMatch(source -> SourceFields.of(data, source).messages().isPresent());
    }

    /** How sequences become batches. */
    public static Packing packing(DataConfig data) {
        return new Packing(data.documentBoundaries(), data.maskDocumentEnds());
    }

    /** The sources of validation: {@code validation.path}, or the sources of training, of which a part of the documents is kept for validation. */
    public static Optional<List<DataSource>> validation(TrainerConfig config) {
        if (config.validation().path().isPresent()) {
            return Optional.of(List.of(new DataSource(VALIDATION, config.validation().path(), 1, 1)));
        }
        return config.validation().split() > 0 ? Optional.of(sources(config.data())) : Optional.empty();
    }
}
