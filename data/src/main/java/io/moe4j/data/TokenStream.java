package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All tokens of several sources in order, with an end token after each document that is not empty. */
final class TokenStream implements AutoCloseable {
    private final List<Source> sources;
    private final Tokenizer tokenizer;
    private final Reading reading;
    private int next;
    private @Nullable Documents documents;
    private Tokenizer.@Nullable Tokens document;
    private boolean documentHasTokens;

    TokenStream(List<Source> sources, Tokenizer tokenizer, Reading reading) {
        this.sources = sources;
        this.tokenizer = tokenizer;
        this.reading = reading;
    }

    /** Counts so far. */
    DataCounts counts() {
        return reading.counts();
    }

    /**
     * Reads up to {@code count} tokens; fewer only at the end.
     *
     * @return number of tokens read; -1 at the end
     */
    int read(int[] target, int from, int count) {
        try {
            int done = 0;
            while (done < count) {
                int read = readSome(target, from + done, count - done);
                if (read < 0) {
                    return done == 0 ? -1 : done;
                }
                done += read;
            }
            return done;
        } catch (IOException e) {
            throw Source.unreadable(documents != null ? documents.where() : sources.get(Math.max(0, next - 1)).name(),
                    e);
        }
    }

    @Override
    public void close() {
        document = null;
        if (documents != null) {
            try {
                documents.close();
            } catch (IOException e) {
                throw new InputException(sources.get(next - 1).name() + " cannot be closed", e);
            } finally {
                documents = null;
            }
        }
    }

    private int readSome(int[] target, int from, int count) throws IOException {
        while (true) {
            if (document != null) {
                int read = document.read(target, from, count);
                if (read < 0) {
                    document = null;
                    if (documentHasTokens) {
                        target[from] = tokenizer.endToken();
                        return 1;
                    }
                } else {
                    documentHasTokens = true;
                    return read;
                }
            } else if (documents != null) {
                Optional<InputStream> text = documents.next();
                text.ifPresentOrElse(this::beginDocument, this::close);
            } else if (next < sources.size()) {
                begin();
            } else {
                return -1;
            }
        }
    }

    private void beginDocument(InputStream text) {
        document = tokenizer.tokens(text);
        documentHasTokens = false;
    }

    private void begin() throws IOException {
        documents = sources.get(next++).open(reading);
    }
}
