package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** {@code huggingface}: a tokenizer.json, or the folder that has one. */
public final class HuggingFaceTokenizerProvider implements TokenizerProvider {
    private static final Set<String> PLATFORMS = Set.of("linux-amd64", "linux-aarch64", "mac-aarch64", "windows-amd64");

    /** For the service loader. */
    public HuggingFaceTokenizerProvider() {}

    @Override
    public String id() {
        return "huggingface";
    }

    @Override
    public String spiVersion() {
        return TokenizerProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "a tokenizer.json of Hugging Face: data.tokenizer = its path";
    }

    @Override
    public Availability probe() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).replaceAll("^(linux|mac|windows).*", "$1");
        String platform = system + "-" + System.getProperty("os.arch", "");
        return PLATFORMS.contains(platform) ? new Availability.Available()
                : new Availability.Unavailable("its native library is not made for " + platform,
                        "use another tokenizer, or one of the platforms " + PLATFORMS);
    }

    @Override
    public boolean reads(Path path) {
        return Files.isDirectory(path) ? Files.isRegularFile(path.resolve(TokenizerFile.NAME))
                : path.getFileName() != null && path.getFileName().toString().endsWith(".json");
    }

    @Override
    public Tokenizer open(Optional<Path> path) {
        Path given = path.orElseThrow(() -> new InputException("data.tokenizer = huggingface: the file is missing; give the"
                + " path of a tokenizer.json as data.tokenizer"));
        TokenizerFile file = TokenizerFile.read(Files.isDirectory(given) ? given.resolve(TokenizerFile.NAME) : given);
        return new NativeTokenizer(file);
    }
}
