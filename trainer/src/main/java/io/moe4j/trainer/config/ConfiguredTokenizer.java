package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The tokenizer of a run: the one that {@code data.tokenizer} names, otherwise that of the model's folder ({@code model.from}), otherwise {@code bytes}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredTokenizer {
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

    /** The id of a provider, or a path. */
    private static String name(TrainerConfig config, Registry registry) {
        String named = config.data().tokenizer();
        if (!named.equals(AUTO)) {
            return named;
        }
        Optional<Path> folder = config.model().from();
        folder.filter(path -> Files.isDirectory(path) && !Tokenizers.isIn(registry, path)).ifPresent(path -> {
            throw new InputException("model.from = " + path + " has no tokenizer, and with another one its weights mean nothing;"
                    + " copy its tokenizer.json there, or name one with data.tokenizer (\"bytes\" for bytes)");
        });
        return folder.map(Path::toString).orElse(BYTES);
    }
}
