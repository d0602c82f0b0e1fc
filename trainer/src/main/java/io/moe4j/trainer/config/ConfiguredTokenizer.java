package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.TokenFolder;
import io.moe4j.data.TokenManifest;
import io.moe4j.data.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokenizer of a run: the one that {@code data.tokenizer} names, otherwise that of the tokenized text that is read, otherwise that of the model's
 * folder ({@code model.from}), otherwise {@code bytes}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredTokenizer {
    private static final Logger log = LoggerFactory.getLogger(ConfiguredTokenizer.class);
    /** The value of {@code data.tokenizer} that selects the tokenizer of the data or of the model. */
    public static final String AUTO = "auto";
    private static final String BYTES = "bytes";

    private ConfiguredTokenizer() {}

    /**
     * Opens the tokenizer. The caller closes it.
     *
     * @throws InputException if there is no such tokenizer, or it cannot be read
     */
    public static Tokenizer open(TrainerConfig config, Registry registry) {
        return Tokenizers.open(registry, name(config, registry), config.data().endToken());
    }

    /** Describes what the tokenizer does, in a form that can be compared; see {@link Tokenizer#identity()}. */
    public static String identity(TrainerConfig config, Registry registry) {
        try (Tokenizer tokenizer = open(config, registry)) {
            return tokenizer.identity();
        }
    }

    /** The value of {@code data.tokenizer}, or {@code bytes} if that is {@code auto}; for tokenizers without files. */
    public static String id(TrainerConfig config) {
        return config.data().tokenizer().equals(AUTO) ? BYTES : config.data().tokenizer();
    }

    /** Logs a warning if text is read as bytes only because the model's folder has no tokenizer. */
    public static void noteIfAssumed(TrainerConfig config, Registry registry) {
        config.model().from()
                .filter(folder -> config.data().tokenizer().equals(AUTO)
                        && ofModel(config, registry).isEmpty() && ofTokens(config.data()).isEmpty())
                .ifPresent(folder -> log.warn(
                        "model.from = {} has no tokenizer, so that text is read as bytes. If its weights were"
                                + " trained with a tokenizer, copy its tokenizer.json there, or name it with data.tokenizer",
                        folder));
    }

    /** The id of a provider, or a path. */
    public static String name(TrainerConfig config, Registry registry) {
        String named = config.data().tokenizer();
        return !named.equals(AUTO) ? named
                : ofTokens(config.data()).or(() -> ofModel(config, registry).map(Path::toString)).orElse(BYTES);
    }

    /** A folder of tokenized text has a copy of its tokenizer. */
    private static Optional<String> ofTokens(DataConfig data) {
        return ConfiguredData.sources(data).stream().flatMap(source -> source.path().stream()).filter(TokenFolder::isIn)
                .findFirst().map(folder -> {
                    String name = TokenManifest.read(folder).tokenizerName();
                    return name.contains("/") ? folder.resolve(name).toString() : name;
                });
    }

    private static Optional<Path> ofModel(TrainerConfig config, Registry registry) {
        return config.model().from().filter(folder -> Files.isDirectory(folder) && Tokenizers.isIn(registry, folder));
    }
}
