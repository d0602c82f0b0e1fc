package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.io.IOException;

/** Reads ids from tokenizers, which may be plug-ins, and refuses invalid results. */
final class IdReading {

    private IdReading() {}

    /**
     * Calls {@link Tokenizer.Tokens#read}, and checks its result.
     *
     * @throws IllegalStateException if it returns 0 ids, which would cause an endless loop, or more than there is room for
     */
    static int some(Tokenizer.Tokens tokens, int[] target, int from, int count) throws IOException {
        int read = tokens.read(target, from, count);
        if (read == 0 || read > count) {
            throw new IllegalStateException(tokens.getClass().getName() + " read " + read + " ids where there was room"
                    + " for " + count + "; a tokenizer must read 1 to " + count + ", or return -1 at the end of the"
                    + " text: report this to its author");
        }
        return read;
    }
}
