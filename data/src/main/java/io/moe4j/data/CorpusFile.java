package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipException;

/**
 * A file with documents, or an entry of an archive. The end of its name decides how it is read, after the ending of a compression is removed:
 * {@code x.jsonl.gz} is unpacked, and read as lines of JSON.
 *
 * @param name a path, or {@code archive!/entry}
 * @param content its bytes, compressed as its name says
 */
record CorpusFile(String name, Content content) {
    private static final String ONLY_CONVERSATIONS = ", which are JSON (.jsonl, .json) or Parquet files; let data.path, or the path of the source, name those"
            + " alone. To mix conversations and texts, make a source of each ([data.sources.NAME], with its messages_field or text_field)";

    /** Opens it at its beginning. */
    DocumentReader open(Reading reading) throws IOException {
        return open(reading, "", 0);
    }

    /**
     * Opens it.
     *
     * @param position of a reader of the same file; empty for the beginning
     * @param archives number of archives that contain it
     */
    DocumentReader open(Reading reading, String position, int archives) throws IOException {
        Compression compression = Compression.of(name);
        String unpackedName = compression.unpackedName(name);
        Content unpacked = compression.unpack(content);
        String lower = unpackedName.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".zip") || lower.endsWith(".jar")) {
            return ArchiveDocuments.open(name, unpacked, reading, position, archives);
        }
        UnpackedInput input = new UnpackedInput(unpackedName, name, unpacked);
        ReadRequest request = new ReadRequest(input, position, reading.options().textField(),
                reading.options().promptField(), reading.options().conversations().map(Conversations::field), reading);
        String plainName = lower.substring(lower.lastIndexOf('/') + 1);
        for (SourceProvider provider : reading.options().formats()) {
            if (reads(provider, plainName, reading)) {
                request.messagesField().filter(field -> !provider.readsMessages()).ifPresent(field -> {
                    throw new InputException(name + " is read by the format " + provider.id()
                            + ", which knows no conversations" + ONLY_CONVERSATIONS);
                });
                return PlugInDocuments.open(provider, input, request);
            }
        }
        request.messagesField().ifPresent(field -> {
            throw new InputException(name + " is plain text, and messages_field = \"" + Shown.of(field)
                    + "\" reads conversations" + ONLY_CONVERSATIONS);
        });
        return new TextDocument(name, unpacked, position, reading);
    }

    /** Whether the format reads the file. A format whose answer fails is skipped, so that it does not end a run whose files it may not even read. */
    private static boolean reads(SourceProvider provider, String name, Reading reading) {
        try {
            return provider.reads(name);
        } catch (RuntimeException | LinkageError e) {
            reading.formatFailed(provider, e);
            return false;
        }
    }

    /** The error for a file that cannot be read. */
    static InputException unreadable(String where, IOException e) {
        String reason = e.getMessage() == null ? e.toString() : e.getMessage();
        return new InputException(where + " cannot be read ("
                + (reason.equals(where) ? e.getClass().getSimpleName() : reason)
                + "); " + (e instanceof ZipException || e instanceof EOFException ? "it is damaged: make it again"
                        : "check that it exists and that this user may read it"),
                e);
    }

    /** Whether a part of a path begins with a dot, in which case it is not read. */
    static boolean isHidden(Iterable<?> path) {
        for (Object part : path) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    /** Providers that are always there. */
    static List<SourceProvider> formats() {
        return List.of(new JsonSourceProvider());
    }
}
