package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.io.IOException;

/** Reads ids from tokenizers, which may be plug-ins, and refuses what they must not return. */
final class IdReading {

    private IdReading() {}

    /**
     * As {@link Tokenizer.Tokens#read}.
     *
     * @throws IllegalStateException for 0 ids, which would be asked for again without end, and for more than there is room for
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
