package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/** The tokenizer of bytes, which counts what it has read. */
final class CountingTokenizer implements Tokenizer {
    private final ByteTokenizer bytes = new ByteTokenizer();
    private final AtomicLong tokens = new AtomicLong();

    long tokens() {
        return tokens.get();
    }

    @Override
    public int vocabulary() {
        return bytes.vocabulary();
    }

    @Override
    public int endToken() {
        return bytes.endToken();
    }

    @Override
    public Tokens tokens(InputStream text) {
        Tokens read = bytes.tokens(text);
        return (target, from, count) -> {
            int some = read.read(target, from, count);
            tokens.addAndGet(Math.max(0, some));
            return some;
        };
    }
}
