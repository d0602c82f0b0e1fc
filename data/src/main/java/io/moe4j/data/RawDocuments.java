package io.moe4j.data;

import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The documents of a corpus as bytes, in portions that are large enough for one task of a worker thread. Portions depend on the documents only. */
final class RawDocuments implements AutoCloseable {
    private static final int PORTION_BYTES = 1 << 20;
    private static final int PORTION_DOCUMENTS = 1 << 12;
    /** A longer document is not kept in memory as a whole. */
    private static final int LONGEST = 1 << 24;

    private final Corpus corpus;
    private final DocumentSplit split;
    private final Reading reading;
    private final Optional<ConversationReader> conversations;
    private int file;
    private String opensAt;
    private @Nullable DocumentReader documents;
    private @Nullable Raw pendingLong;
    private long bytesOfFiles;
    private long bytesOfFile;

    /**
     * A document.
     *
     * @param prompt its prompt
     * @param text its text, or the beginning of it
     * @param rest the rest of the text, if it is long
     * @param conversation the conversation, if the document is one instead of a text
     * @param where its location, for messages
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, not kept
    record Raw(Optional<byte[]> prompt, byte[] text, Optional<InputStream> rest,
            Optional<RenderedConversation> conversation, String where) {
        InputStream stream() {
            InputStream beginning = new ByteArrayInputStream(text);
            return rest.isPresent() ? new SequenceInputStream(beginning, rest.get()) : beginning;
        }
    }

    /**
     * Some documents.
     *
     * @param documents the documents; a long document is alone, and must be read before the next portion is asked for
     * @param after the place after them; for a long document known only when it was read
     */
    record Portion(List<Raw> documents, TokenizePlace after) {
        boolean isLong() {
            return documents.size() == 1 && documents.getFirst().rest().isPresent();
        }
    }

    RawDocuments(Corpus corpus, DocumentSplit split, TokenizePlace place) {
        this.corpus = corpus;
        this.split = split;
        reading = new Reading(corpus.options(), true, place.counts());
        conversations = corpus.options().conversations()
                .map(form -> new ConversationReader(form, split, reading));
        file = place.file();
        opensAt = place.position();
        for (int i = 0; i < Math.min(file, corpus.files().size()); i++) {
            bytesOfFiles += size(corpus.files().get(i));
        }
    }

    /** The next documents; empty after the last. */
    Optional<Portion> next() {
        Raw waiting = pendingLong;
        if (waiting != null) {
            pendingLong = null;
            return Optional.of(new Portion(List.of(waiting), place()));
        }
        List<Raw> portion = new ArrayList<>();
        long bytes = 0;
        TokenizePlace after = place();
        while (bytes < PORTION_BYTES && portion.size() < PORTION_DOCUMENTS) {
            Optional<Raw> found = document();
            if (found.isEmpty()) {
                return portion.isEmpty() ? Optional.empty() : Optional.of(new Portion(portion, place()));
            }
            if (found.get().rest().isPresent()) {
                if (portion.isEmpty()) {
                    return Optional.of(new Portion(List.of(found.get()), after));
                }
                pendingLong = found.get();
                return Optional.of(new Portion(portion, after));
            }
            portion.add(found.get());
            bytes += found.get().text().length
                    + found.get().conversation().map(each -> each.text().length()).orElse(0);
            after = place();
        }
        return Optional.of(new Portion(portion, after));
    }

    /** The place after the last document. */
    TokenizePlace place() {
        DocumentReader current = documents;
        return current != null ? new TokenizePlace(file - 1, current.position(), reading.counts())
                : new TokenizePlace(file, opensAt, reading.counts());
    }

    /** Bytes that were read, as they are stored. */
    long bytesRead() {
        return bytesOfFiles + bytesOfFile;
    }

    static long bytes(Corpus corpus) {
        return corpus.files().stream().mapToLong(RawDocuments::size).sum();
    }

    @Override
    public void close() {
        DocumentReader current = documents;
        documents = null;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                throw CorpusFile.unreadable(corpus.files().get(file - 1).name(), e);
            }
            bytesOfFiles += size(corpus.files().get(file - 1));
            bytesOfFile = 0;
        }
    }

    private Optional<Raw> document() {
        try {
            while (true) {
                DocumentReader current = documents;
                if (current == null) {
                    if (file == corpus.files().size()) {
                        return Optional.empty();
                    }
                    CorpusFile next = corpus.files().get(file++);
                    documents = new CorpusFile(next.name(), new Counted(next.content())).open(reading, opensAt, 0);
                    opensAt = "";
                } else {
                    Optional<Document> found = current.next();
                    if (found.isEmpty()) {
                        close();
                    } else {
                        Optional<Raw> raw = raw(found.get(), current.where());
                        if (raw.isPresent()) {
                            reading.document();
                            return raw;
                        }
                    }
                }
            }
        } catch (IOException e) {
            throw CorpusFile.unreadable(documents != null ? documents.where()
                    : corpus.files().get(Math.max(0, file - 1)).name(), e);
        }
    }

    private Optional<Raw> raw(Document document, String where) throws IOException {
        if (conversations.isPresent()) {
            return conversations.get().read(document.text(), where)
                    .map(found -> new Raw(Optional.empty(), new byte[0], Optional.empty(), Optional.of(found), where));
        }
        Optional<byte[]> prompt = document.prompt().isPresent() ? Optional.of(document.prompt().get().readAllBytes())
                : Optional.empty();
        byte[] text = document.text().readNBytes(LONGEST);
        if (split.selects() && !split.reads(DocumentSplit.hash(text, text.length))) {
            return Optional.empty();
        }
        return Optional.of(
                new Raw(prompt, text, text.length < LONGEST ? Optional.empty() : Optional.of(document.text()),
                        Optional.empty(), where));
    }

    private static long size(CorpusFile file) {
        return file.content() instanceof FileContent content ? content.bytes() : 0;
    }

    /** Counts what is read of a file. */
    private final class Counted implements Content {
        private final Content content;

        private Counted(Content content) {
            this.content = content;
        }

        @Override
        public Optional<Path> file() {
            return content.file();
        }

        @Override
        public InputStream open() throws IOException {
            return new FilterInputStream(content.open()) {
                @Override
                public int read() throws IOException {
                    int value = super.read();
                    bytesOfFile += value < 0 ? 0 : 1;
                    return value;
                }

                @Override
                public int read(byte[] target, int from, int count) throws IOException {
                    int read = super.read(target, from, count);
                    bytesOfFile += Math.max(0, read);
                    return read;
                }

                @Override
                public long skip(long count) throws IOException {
                    long skipped = super.skip(count);
                    bytesOfFile += skipped;
                    return skipped;
                }
            };
        }
    }
}
