package io.moe4j.data;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;

/**
 * Turns text into ids. Stateless; may be used by several threads.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Tokenizer {

    /** Ids are in [0, vocabulary). */
    int vocabulary();

    /** The id that ends a document. */
    int endToken();

    /** The ids of a text in UTF-8, read as they are asked for. The caller closes {@code text}. */
    Tokens tokens(InputStream text);

    /** Ids of one text. */
    interface Tokens {

        /**
         * Reads some ids.
         *
         * @param target where they go
         * @param from the first place
         * @param count the most that are read, at least 1
         * @return how many were read, at least 1; or -1 at the end of the text
         */
        int read(int[] target, int from, int count) throws IOException;
    }
}
