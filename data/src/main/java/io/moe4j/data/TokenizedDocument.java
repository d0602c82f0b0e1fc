package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The ids of a document, with its end token; none at all if its text has no tokens. Tokens of a conversation are marked, and no end token follows.
 *
 * @param ids the ids; the array may be longer
 * @param count number of ids
 * @param promptTokens number of ids at the beginning that belong to the prompt
 */
@SuppressWarnings("ArrayRecordComponent") // handed from a worker to the writer, and not kept
record TokenizedDocument(int[] ids, int count, int promptTokens) {

    static TokenizedDocument of(RawDocuments.Raw raw, Tokenizer tokenizer) {
        if (raw.conversation().isPresent()) {
            int[] marked = ConversationTokens.of(raw.conversation().get(), tokenizer, raw.where());
            return new TokenizedDocument(marked, marked.length, 0);
        }
        return of(raw.prompt(), raw.text(), tokenizer, raw.where());
    }

    static TokenizedDocument of(Optional<byte[]> prompt, byte[] text, Tokenizer tokenizer, String where) {
        try {
            int[] ids = new int[expectedIds(text.length)];
            int inPrompt = 0;
            if (prompt.isPresent()) {
                TokenizedDocument before = read(tokenizer, prompt.get(), ids, 0);
                ids = before.ids;
                inPrompt = before.count;
            }
            TokenizedDocument all = read(tokenizer, text, ids, inPrompt);
            ids = all.ids;
            int count = all.count;
            check(ids, count, tokenizer, where);
            if (count > 0) {
                ids = count == ids.length ? Arrays.copyOf(ids, count + 1) : ids;
                ids[count++] = tokenizer.endToken();
            }
            return new TokenizedDocument(ids, count, inPrompt);
        } catch (IOException e) {
            throw CorpusFile.unreadable(where, e);
        }
    }

    static void check(int[] ids, int count, Tokenizer tokenizer, String where) {
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || ids[i] >= tokenizer.vocabulary()) {
                throw new InputException(
                        "the tokenizer gave the id " + ids[i] + " for text of " + where + "; ids must be in [0, "
                                + tokenizer.vocabulary() + ")");
            }
        }
    }

    /** An array length that suffices for the ids of most texts of {@code bytes} bytes. */
    static int expectedIds(int bytes) {
        return 64 + bytes / 3;
    }

    /** Appends the ids of a text, as they are, to the first {@code from} of {@code into}, in a longer array if they need one. */
    static TokenizedDocument read(Tokenizer tokenizer, byte[] text, int[] into, int from) throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(new ByteArrayInputStream(text));
        int[] ids = into;
        int count = from;
        while (true) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * ids.length);
            }
            int read = IdReading.some(tokens, ids, count, ids.length - count);
            if (read < 0) {
                return new TokenizedDocument(ids, count, 0);
            }
            count += read;
        }
    }
}
