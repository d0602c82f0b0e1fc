package io.moe4j.data;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** The tokenizer of bytes, which counts what it has read. */
final class CountingTokenizer extends PlacelessBytes {
    private final AtomicLong tokens = new AtomicLong();
    private final List<Path> files;

    CountingTokenizer() {
        this(List.of());
    }

    /** With files of its own. */
    CountingTokenizer(List<Path> files) {
        this.files = files;
    }

    @Override
    public List<Path> files() {
        return files;
    }

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
