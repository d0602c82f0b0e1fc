package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The marked tokens of several files in order: for each document its prompt, its text and an end token. No end token follows a document without tokens, nor a
 * conversation, whose template writes its own end.
 */
final class DocumentStream implements AutoCloseable {
    private final List<CorpusFile> files;
    private final Tokenizer tokenizer;
    private final Reading reading;
    private final DocumentSplit split;
    private final Optional<ConversationReader> conversations;
    private int next;
    /** Where the first file is opened; empty for the others. */
    private String opensAt;
    private @Nullable DocumentReader documents;
    private @Nullable OpenDocument document;

    /**
     * A place between two tokens.
     *
     * @param file index in the list of files; their number at the end
     * @param position in the file, before the document that the next token is of
     * @param tokens number of tokens of this document before the place
     * @param counts counts up to this document
     */
    record Place(int file, String position, long tokens, DataCounts counts) {
        static final Place BEGINNING = new Place(0, "", 0, DataCounts.NONE);
    }

    /** A document that is being read. */
    private static final class OpenDocument {
        private final Place place;
        private final Tokenizer.@Nullable Tokens prompt;
        private final Tokenizer.Tokens text;
        /** Whether it is a conversation: its tokens are marked already, and no end token is added. */
        private final boolean conversation;
        private boolean inPrompt;
        private long tokens;

        private OpenDocument(Place place, Tokenizer.@Nullable Tokens prompt, Tokenizer.Tokens text,
                boolean conversation) {
            this.place = place;
            this.prompt = prompt;
            this.text = text;
            this.conversation = conversation;
            inPrompt = prompt != null;
        }

        private static OpenDocument ofConversation(Place place, int[] marked) {
            int[] next = {0};
            return new OpenDocument(place, null, (target, from, count) -> {
                int read = Math.min(count, marked.length - next[0]);
                System.arraycopy(marked, next[0], target, from, read);
                next[0] += read;
                return read == 0 ? -1 : read;
            }, true);
        }
    }

    /**
     * Goes on at a place of a stream of the same files.
     *
     * @param reading counts documents and problems, beginning with the counts of {@code place}
     */
    DocumentStream(List<CorpusFile> files, Tokenizer tokenizer, Reading reading, DocumentSplit split, Place place) {
        this.files = files;
        this.tokenizer = tokenizer;
        this.reading = reading;
        this.split = split;
        conversations = reading.options().conversations().map(form -> new ConversationReader(form, split, reading));
        next = place.file();
        opensAt = place.position();
        pass(place.tokens());
    }

    /** Reads from the beginning. */
    DocumentStream(List<CorpusFile> files, Tokenizer tokenizer, Reading reading) {
        this(files, tokenizer, reading, DocumentSplit.NONE, Place.BEGINNING);
    }

    /** Counts so far. */
    DataCounts counts() {
        return reading.counts();
    }

    /** The place after the last token that was read. */
    Place place() {
        OpenDocument current = document;
        if (current != null) {
            return new Place(current.place.file, current.place.position, current.tokens, current.place.counts);
        }
        return between();
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
            throw CorpusFile.unreadable(where(), e);
        }
    }

    @Override
    public void close() {
        document = null;
        if (documents != null) {
            try {
                documents.close();
            } catch (IOException e) {
                throw new InputException(files.get(next - 1).name() + " cannot be closed", e);
            } finally {
                documents = null;
            }
        }
    }

    private String where() {
        return documents != null ? documents.where() : files.get(Math.max(0, next - 1)).name();
    }

    private Place between() {
        DocumentReader current = documents;
        return current != null ? new Place(next - 1, current.position(), 0, reading.counts())
                : new Place(next, opensAt, 0, reading.counts());
    }

    /** Skips tokens of the next document, which has at least as many. */
    private void pass(long tokens) {
        int[] passed = new int[1 << 12];
        for (long left = tokens; left > 0;) {
            int read = read(passed, 0, (int) Math.min(left, passed.length));
            left = read < 0 ? 0 : left - read;
        }
        if (tokens > 0 && (document == null || document.tokens != tokens)) {
            throw new InputException(files.get(Math.clamp(next - 1L, 0, files.size() - 1)).name()
                    + " has a document that is shorter than it was when the checkpoint was written; data must not change"
                    + " before a run is continued");
        }
    }

    private int readSome(int[] target, int from, int count) throws IOException {
        while (true) {
            OpenDocument current = document;
            if (current != null) {
                int read = read(current, target, from, count);
                if (read > 0) {
                    return read;
                }
            } else if (documents != null) {
                nextDocument(documents);
            } else if (next < files.size()) {
                documents = files.get(next++).open(reading, opensAt, 0);
                opensAt = "";
            } else {
                return -1;
            }
        }
    }

    /** Reads tokens of a document; 0 if it has no more. */
    private int read(OpenDocument current, int[] target, int from, int count) throws IOException {
        if (current.inPrompt && current.prompt != null) {
            int read = IdReading.some(current.prompt, target, from, count);
            if (read > 0) {
                mark(current, target, from, read, MarkedToken.NOT_LEARNED);
                return read;
            }
            current.inPrompt = false;
        }
        int read = IdReading.some(current.text, target, from, count);
        if (read > 0) {
            mark(current, target, from, read, 0);
            return read;
        }
        document = null;
        if (current.tokens == 0) {
            reading.emptyDocument();
            return 0;
        }
        if (current.conversation) {
            return 0;
        }
        target[from] = tokenizer.endToken();
        return 1;
    }

    private void mark(OpenDocument current, int[] target, int from, int count, int marks) {
        for (int i = from; i < from + count && !current.conversation; i++) {
            if (target[i] < 0 || target[i] >= tokenizer.vocabulary()) {
                throw new InputException("the tokenizer gave the id " + target[i] + " for text of " + where()
                        + "; ids must be in [0, " + tokenizer.vocabulary() + ")");
            }
            target[i] |= marks;
        }
        if (current.tokens == 0) {
            target[from] |= MarkedToken.FIRST;
        }
        current.tokens += count;
    }

    private void nextDocument(DocumentReader from) throws IOException {
        Place place = between();
        Optional<Document> found = from.next();
        if (found.isEmpty()) {
            close();
            return;
        }
        if (conversations.isPresent()) {
            Optional<RenderedConversation> conversation = conversations.get().read(found.get().text(), from.where());
            if (conversation.isPresent()) {
                reading.document();
                document = OpenDocument.ofConversation(place,
                        ConversationTokens.of(conversation.get(), tokenizer, from.where()));
            }
            return;
        }
        Optional<InputStream> text = selected(found.get().text());
        if (text.isPresent()) {
            reading.document();
            document = new OpenDocument(place, found.get().prompt().map(tokenizer::tokens).orElse(null),
                    tokenizer.tokens(text.get()), false);
        }
    }

    /** The text, if it is on this side of the split. */
    private Optional<InputStream> selected(InputStream text) throws IOException {
        if (!split.selects()) {
            return Optional.of(text);
        }
        byte[] beginning = text.readNBytes(DocumentSplit.DECIDING_BYTES);
        return split.reads(DocumentSplit.hash(beginning, beginning.length))
                ? Optional.of(new SequenceInputStream(new ByteArrayInputStream(beginning), text))
                : Optional.empty();
    }
}
