package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tokenizers of the tests, and the ids of texts. */
final class Texts {

    private Texts() {}

    static Path tokenizer(String name) {
        return resource(name + "/tokenizer.json");
    }

    static Path resource(String name) {
        try {
            return Path.of(Texts.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<Integer> ids(Tokenizer tokenizer, String text) throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        List<Integer> ids = new ArrayList<>();
        int[] some = new int[1000];
        for (int read = tokens.read(some, 0, 1000); read >= 0; read = tokens.read(some, 0, 1000)) {
            for (int i = 0; i < read; i++) {
                ids.add(some[i]);
            }
        }
        return ids;
    }
}
