package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;

/** The tokenizer of bytes, as one that implements only what it must: it cannot tell places. Tests change it. */
class PlacelessBytes implements Tokenizer {
    private final Tokenizer bytes = Tokenizers.bytes();

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
        return bytes.tokens(text);
    }
}
