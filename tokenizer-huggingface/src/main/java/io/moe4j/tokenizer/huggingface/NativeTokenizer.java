package io.moe4j.tokenizer.huggingface;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * Hugging Face's tokenizer. No special tokens are added around a text, but special tokens that are written in it are recognised, as in transformers. Bytes
 * that are not UTF-8 are read as U+FFFD.
 */
final class NativeTokenizer implements Tokenizer {
    private final TokenizerFile file;
    private final int endToken;
    private final String identity;
    private final Cuts cuts;
    private final IdCache cache = new IdCache();
    private final TokenizersLibrary library;
    private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();
    private long handle;

    NativeTokenizer(TokenizerFile file, int endToken) {
        this.file = file;
        this.endToken = endToken;
        identity = "huggingface, SHA-256 " + file.digest() + ", end " + endToken;
        cuts = CutRules.of(file.root());
        library = NativeLibrary.load();
        try {
            handle = library.createTokenizerFromString(file.json());
        } catch (RuntimeException e) {
            throw new InputException(file.path() + " is no tokenizer: " + Shown.of(e.getMessage()), e);
        }
        library.disableTruncation(handle);
        library.disablePadding(handle);
    }

    @Override
    public int vocabulary() {
        return file.vocabulary();
    }

    @Override
    public int endToken() {
        return endToken;
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public List<Path> files() {
        return Stream
                .concat(Stream.of(file.path()),
                        EndToken.CONFIGS.stream().map(file.path()::resolveSibling).filter(Files::isRegularFile))
                .toList();
    }

    @Override
    public Tokens tokens(InputStream text) {
        return new TextIds(text, this::encode, cuts, cache);
    }

    @Override
    public Optional<PlacedIds> placed(String text) {
        return Optional.of(PlacedPieces.of(text, cuts, this::encodePlaced));
    }

    @Override
    public boolean isSpecial(int id) {
        return file.isSpecial(id);
    }

    @Override
    public Optional<Decoder> decoder() {
        return Optional
                .of(new IdText(ids -> ids.length == 0 ? "" : call(tokenizer -> library.decode(tokenizer, ids, false)),
                        file.vocabulary()));
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (handle != 0) {
                library.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            open.writeLock().unlock();
        }
    }

    private PlacedIds encodePlaced(String piece) {
        return call(tokenizer -> {
            long encoding = library.encode(tokenizer, piece, false);
            try {
                CharSpan[] spans = library.getTokenCharSpans(encoding);
                return new PlacedIds(Arrays.stream(library.getTokenIds(encoding)).mapToInt(Math::toIntExact).toArray(),
                        Arrays.stream(spans).mapToInt(CharSpan::getStart).toArray(),
                        Arrays.stream(spans).mapToInt(CharSpan::getEnd).toArray());
            } finally {
                library.deleteEncoding(encoding);
            }
        });
    }

    private int[] encode(byte[] text, int from, int to) {
        return call(tokenizer -> {
            long encoding = library.encode(tokenizer, new String(text, from, to - from, StandardCharsets.UTF_8), false);
            try {
                long[] ids = library.getTokenIds(encoding);
                int[] narrow = new int[ids.length];
                for (int i = 0; i < ids.length; i++) {
                    narrow[i] = Math.toIntExact(ids[i]);
                }
                return narrow;
            } finally {
                library.deleteEncoding(encoding);
            }
        });
    }

    private <T> T call(LongFunction<T> call) {
        open.readLock().lock();
        try {
            if (handle == 0) {
                throw new IllegalStateException("the tokenizer " + file.path() + " is closed");
            }
            return call.apply(handle);
        } finally {
            open.readLock().unlock();
        }
    }
}
