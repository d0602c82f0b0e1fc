package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import io.moe4j.api.text.TokenizerSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** {@code huggingface}: a tokenizer.json, or the folder that has one. */
public final class HuggingFaceTokenizerProvider implements TokenizerProvider {

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
        return NativeLibrary.probe();
    }

    @Override
    public boolean reads(Path path) {
        return Files.isDirectory(path) ? Files.isRegularFile(path.resolve(TokenizerFile.NAME))
                : path.getFileName() != null && path.getFileName().toString().endsWith(".json");
    }

    @Override
    public Tokenizer open(Optional<Path> path) {
        return open(new TokenizerSource(path, Optional.empty()));
    }

    @Override
    public Tokenizer open(TokenizerSource source) {
        Path given = source.path()
                .orElseThrow(() -> new InputException("data.tokenizer = huggingface: the file is missing;"
                        + " give the path of a tokenizer.json as data.tokenizer"));
        TokenizerFile file = TokenizerFile.read(Files.isDirectory(given) ? given.resolve(TokenizerFile.NAME) : given);
        return new NativeTokenizer(file, EndToken.find(file, source.endToken()));
    }
}
