package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The ids of a text that is in memory.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class EncodedText {

    private EncodedText() {}

    /**
     * The ids of {@code text} alone, without special tokens before or after it.
     *
     * @throws IOException if the tokenizer fails to read it
     */
    public static int[] ids(Tokenizer tokenizer, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        TokenizedDocument read = TokenizedDocument.read(tokenizer, bytes,
                new int[TokenizedDocument.expectedIds(bytes.length)], 0);
        return Arrays.copyOf(read.ids(), read.count());
    }
}
