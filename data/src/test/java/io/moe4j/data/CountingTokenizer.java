package io.moe4j.data;

import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/** The tokenizer of bytes, which counts what it has read. */
final class CountingTokenizer extends PlacelessBytes {
    private final AtomicLong tokens = new AtomicLong();

    long tokens() {
        return tokens.get();
    }

    @Override
    public Tokens tokens(InputStream text) {
        Tokens read = super.tokens(text);
        return (target, from, count) -> {
            int some = read.read(target, from, count);
            tokens.addAndGet(Math.max(0, some));
            return some;
        };
    }
}
