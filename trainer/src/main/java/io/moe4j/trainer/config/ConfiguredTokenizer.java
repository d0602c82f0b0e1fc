package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokenizer of a run: the one that {@code data.tokenizer} names, otherwise that of the model's folder ({@code model.from}), otherwise {@code bytes}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredTokenizer {
    private static final Logger log = LoggerFactory.getLogger(ConfiguredTokenizer.class);
    private static final String AUTO = "auto";
    private static final String BYTES = "bytes";

    private ConfiguredTokenizer() {}

    /**
     * Opens it. The caller closes it.
     *
     * @throws InputException if there is no such tokenizer, or it cannot be read
     */
    public static Tokenizer open(TrainerConfig config, Registry registry) {
        return Tokenizers.open(registry, name(config, registry), config.data().endToken());
    }

    /** What it does, in a form that can be compared; see {@link Tokenizer#identity()}. */
    public static String identity(TrainerConfig config, Registry registry) {
        try (Tokenizer tokenizer = open(config, registry)) {
            return tokenizer.identity();
        }
    }

    /** Says so in the log where the model's folder has no tokenizer, so that text is read as bytes. */
    public static void noteIfAssumed(TrainerConfig config, Registry registry) {
        config.model().from()
                .filter(folder -> config.data().tokenizer().equals(AUTO) && ofModel(config, registry).isEmpty())
                .ifPresent(folder -> log.warn(
                        "model.from = {} has no tokenizer, so that text is read as bytes, which its weights"
                                + " were hardly made for; copy its tokenizer.json there, or name one with data.tokenizer",
                        folder));
    }

    /** The id of a provider, or a path. */
    public static String name(TrainerConfig config, Registry registry) {
        String named = config.data().tokenizer();
        return !named.equals(AUTO) ? named : ofModel(config, registry).map(Path::toString).orElse(BYTES);
    }

    private static Optional<Path> ofModel(TrainerConfig config, Registry registry) {
        return config.model().from().filter(folder -> Files.isDirectory(folder) && Tokenizers.isIn(registry, folder));
    }
}
