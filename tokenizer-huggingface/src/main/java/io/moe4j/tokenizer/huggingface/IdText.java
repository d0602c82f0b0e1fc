package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.Tokenizer;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The text of a stream of ids. A token's text depends on the tokens before it (a leading space is left out, bytes of a character are combined), so the last
 * ids are decoded again with each new one, and only the new text is returned.
 */
final class IdText implements Tokenizer.Decoder {
    private static final char REPLACEMENT = '\uFFFD';
    /** The most ids that are held back. A character has at most 4 bytes, each of which may be an id; more ids cannot be an incomplete character. */
    private static final int MOST_HELD = 8;

    private final Function<long[], String> decode;
    private final int vocabulary;
    /** Ids whose text was returned already, as context for the next ones; then ids whose text is held back. */
    private long[] ids = new long[0];
    private int given;

    IdText(Function<long[], String> decode, int vocabulary) {
        this.decode = decode;
        this.vocabulary = vocabulary;
    }

    @Override
    public String next(int id) {
        if (id < 0 || id >= vocabulary) {
            throw new IllegalArgumentException("the id " + id + " is not in [0, " + vocabulary + ")");
        }
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = id;
        String text = fresh();
        boolean incomplete = text.isEmpty() || text.charAt(text.length() - 1) == REPLACEMENT;
        return incomplete && ids.length - given < MOST_HELD ? "" : taken(text);
    }

    @Override
    public String end() {
        String text = fresh();
        ids = new long[0];
        given = 0;
        return text;
    }

    /** The text of the ids that are held back. */
    private String fresh() {
        String before = decode.apply(Arrays.copyOf(ids, given));
        String all = decode.apply(ids);
        return all.length() > before.length() ? all.substring(before.length()) : "";
    }

    private String taken(String text) {
        // The ids that were held back become the context of the next ones.
        ids = Arrays.copyOfRange(ids, given, ids.length);
        given = ids.length;
        return text;
    }
}
