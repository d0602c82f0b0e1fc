package io.moe4j.tokenizer.huggingface;

import io.moe4j.api.text.Tokenizer;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The text of a stream of ids. A token's text depends on those before it (a space at the beginning is left out, bytes of a character are put
 * together), so that the last ids are decoded again with each new one, and only what is new is given.
 */
final class IdText implements Tokenizer.Decoder {
    private static final char REPLACEMENT = '\uFFFD';
    /** A character has at most 4 bytes, and thus ids. After more, what is held back is not the beginning of a character. */
    private static final int MOST_HELD = 8;

    private final Function<long[], String> decode;
    private final int vocabulary;
    /** Ids whose text was given already, and which the next ones are decoded with; then those whose text is held back. */
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
        // Those that were held back are what the next ones are decoded with.
        ids = Arrays.copyOfRange(ids, given, ids.length);
        given = ids.length;
        return text;
    }
}
