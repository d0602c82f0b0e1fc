package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.UnreadableFile;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Asking.Answers;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Opens the tokenizer that a configuration names.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Tokenizers {

    private Tokenizers() {}

    /** The tokenizer of bytes. */
    public static Tokenizer bytes() {
        return new ByteTokenizer();
    }

    /**
     * Opens a tokenizer.
     *
     * @param name a provider's id, such as {@code bytes}, or the path of what a provider reads, such as {@code models/qwen/tokenizer.json}
     * @throws InputException if there is no such tokenizer, or it cannot be read
     */
    public static Tokenizer open(Registry registry, String name) {
        return open(registry, name, Optional.empty());
    }

    /**
     * Opens a tokenizer, with a choice of the token that ends a document.
     *
     * @param name as above
     * @param endToken as it is written in the vocabulary; if absent, as the tokenizer's files say
     * @throws InputException if there is no such tokenizer or token, or it cannot be read
     */
    public static Tokenizer open(Registry registry, String name, Optional<String> endToken) {
        TokenizerSource source = TokenizerSource.ofId().withEndToken(endToken);
        List<TokenizerProvider> providers = registry.all(TokenizerProvider.class);
        Optional<TokenizerProvider> named = providers.stream().filter(each -> each.id().equals(name)).findFirst();
        if (named.isPresent()) {
            return open(named.get(), source);
        }
        path(name).ifPresent(UnreadableFile::requireReachable);
        Path path = path(name).filter(Files::exists)
                .orElseThrow(() -> new InputException("there is no tokenizer, and no"
                        + " file, \"" + Shown.of(name) + "\"; give one of "
                        + providers.stream().map(Provider::id).toList()
                        + ", or the path of a tokenizer.json, or add the jar that has it to the plug-in path"));
        Answers<TokenizerProvider, Boolean> reading = Asking.all(providers, "reads", each -> each.reads(path));
        TokenizerProvider reader = reading.first(yes -> yes)
                .orElseThrow(() -> new InputException(path + " is read by none of the tokenizers "
                        + providers.stream().map(Provider::id).toList() + "; give a tokenizer.json, or its folder"
                        + reading.failed()));
        return open(reader, TokenizerSource.of(path).withEndToken(endToken));
    }

    /** Whether some tokenizer reads what is in this folder. */
    public static boolean isIn(Registry registry, Path folder) {
        return !Asking.able(registry.all(TokenizerProvider.class), "reads", each -> each.reads(folder)).isEmpty();
    }

    private static Tokenizer open(TokenizerProvider provider, TokenizerSource source) {
        if (Asking.of(provider, "probe",
                Provider::probe) instanceof Availability.Unavailable(String reason, String remedy)) {
            throw new InputException("the tokenizer " + provider.id() + " is not available on this machine: " + reason
                    + "; " + remedy);
        }
        return Asking.of(provider, "open", each -> each.open(source));
    }

    private static Optional<Path> path(String name) {
        try {
            return Optional.of(Path.of(name));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
