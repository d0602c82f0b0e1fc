package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.data.CorpusOptions;
import io.moe4j.data.DataOptions;
import io.moe4j.data.DataSource;
import io.moe4j.data.Packing;
import java.util.List;
import java.util.Optional;

/**
 * Translates what a configuration says about the data into the types of the module {@code io.moe4j.data}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredData {
    /** The name of the only source if there is no table of sources. */
    public static final String ONLY_SOURCE = "data";

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

    /** How the sources are read. */
    public static DataOptions options(TrainerConfig config, Registry registry) {
        return new DataOptions(corpus(config, registry), config.training().seqLen(), config.training().seed(),
                config.data().shuffleTokens(), config.validation().split(), config.data().onChanged());
    }

    /** How files are read. */
    public static CorpusOptions corpus(TrainerConfig config, Registry registry) {
        DataConfig data = config.data();
        return CorpusOptions.DEFAULT.withBadLines(data.onBadLine())
                .withFields(data.textField(), data.promptField())
                .withConversations(ConfiguredChat.conversations(config, registry)).withFormats(registry);
    }

    /** How sequences become batches. */
    public static Packing packing(DataConfig data) {
        return new Packing(data.documentBoundaries(), data.maskDocumentEnds());
    }

    /** The source of validation: a path of its own, or the sources of training, of which documents are kept. */
    public static Optional<List<DataSource>> validation(TrainerConfig config) {
        if (config.validation().path().isPresent()) {
            return Optional.of(List.of(new DataSource("validation", config.validation().path(), 1, 1)));
        }
        return config.validation().split() > 0 ? Optional.of(sources(config.data())) : Optional.empty();
    }
}
