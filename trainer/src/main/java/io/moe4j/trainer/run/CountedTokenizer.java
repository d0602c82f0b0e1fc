package io.moe4j.trainer.run;

import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** A tokenizer that counts the bytes of the texts that it has read and the ids that it has returned for them. End tokens of documents are not counted. */
final class CountedTokenizer implements Tokenizer {
    private final Tokenizer tokenizer;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong ids = new AtomicLong();

    CountedTokenizer(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The bytes of text that were read, in UTF-8. */
    long bytes() {
        return bytes.get();
    }

    /** The ids that were returned for them. */
    long ids() {
        return ids.get();
    }

    @Override
    public int vocabulary() {
        return tokenizer.vocabulary();
    }

    @Override
    public int endToken() {
        return tokenizer.endToken();
    }

    @Override
    public Tokens tokens(InputStream text) {
        Tokens tokens = tokenizer.tokens(new Counted(text));
        return (target, from, count) -> {
            int read = tokens.read(target, from, count);
            ids.addAndGet(Math.max(read, 0));
            return read;
        };
    }

    @Override
    public Optional<PlacedIds> placed(String text) {
        return tokenizer.placed(text).map(placed -> {
            bytes.addAndGet(text.getBytes(StandardCharsets.UTF_8).length);
            ids.addAndGet(placed.ids().length);
            return placed;
        });
    }

    @Override
    public boolean isSpecial(int id) {
        return tokenizer.isSpecial(id);
    }

    @Override
    public String identity() {
        return tokenizer.identity();
    }

    @Override
    public Optional<Decoder> decoder() {
        return tokenizer.decoder();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private final class Counted extends FilterInputStream {
        Counted(InputStream text) {
            super(text);
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            bytes.addAndGet(read < 0 ? 0 : 1);
            return read;
        }

        @Override
        public int read(byte[] target, int from, int count) throws IOException {
            int read = super.read(target, from, count);
            bytes.addAndGet(Math.max(read, 0));
            return read;
        }

        @Override
        public long skip(long count) throws IOException {
            long skipped = super.skip(count);
            bytes.addAndGet(skipped);
            return skipped;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
