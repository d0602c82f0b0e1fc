package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;

/**
 * Turns text into ids. Stateless; may be used by several threads.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Tokenizer extends AutoCloseable {

    /** Ids are in [0, vocabulary). */
    int vocabulary();

    /** The id that ends a document. */
    int endToken();

    /** The ids of a text in UTF-8, which is read lazily. The caller closes {@code text}. */
    Tokens tokens(InputStream text);

    /** Releases what the tokenizer holds. No text may be read then. */
    @Override
    default void close() {}

    /** Ids of one text. */
    interface Tokens {

        /**
         * Reads some ids.
         *
         * @param target array for the ids
         * @param from index of the first id in the array
         * @param count the most ids to read, at least 1
         * @return number of ids read, at least 1; or -1 at the end of the text
         */
        int read(int[] target, int from, int count) throws IOException;
    }
}
