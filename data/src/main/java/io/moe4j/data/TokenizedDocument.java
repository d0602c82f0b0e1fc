package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * Ids of a document, with its end token; without any if the document has none. Those of a conversation are marked, and no end token follows.
 *
 * @param ids in an array that may be longer
 * @param count how many
 * @param promptTokens how many of them, at the beginning, are the prompt's
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
            int[] ids = new int[64 + text.length / 3];
            int inPrompt = 0;
            if (prompt.isPresent()) {
                TokenizedDocument before = read(tokenizer, new ByteArrayInputStream(prompt.get()), ids, 0);
                ids = before.ids;
                inPrompt = before.count;
            }
            TokenizedDocument all = read(tokenizer, new ByteArrayInputStream(text), ids, inPrompt);
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

    private static TokenizedDocument read(Tokenizer tokenizer, InputStream text, int[] into, int from)
            throws IOException {
        Tokenizer.Tokens tokens = tokenizer.tokens(text);
        int[] ids = into;
        int count = from;
        while (true) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * ids.length);
            }
            int read = tokens.read(ids, count, ids.length - count);
            if (read < 0) {
                return new TokenizedDocument(ids, count, 0);
            }
            count += read;
        }
    }
}
