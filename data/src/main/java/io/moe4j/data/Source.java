package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.EOFException;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.ZipException;

/**
 * A file of documents. Its name decides how it is read: {@code .jsonl} and {@code .ndjson} have one document in each line; {@code .json} has a list
 * of documents, or one after another; {@code .zip} and {@code .jar} have the documents of all entries, which follow the same rules; any other file is
 * one document.
 *
 * @param name a path, for messages
 * @param content its bytes
 */
record Source(String name, Content content) {

    Documents open(Reading reading) throws IOException {
        return open(reading, 0);
    }

    /**
     * Opens it.
     *
     * @param archives number of archives that contain it
     */
    Documents open(Reading reading, int archives) throws IOException {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".jsonl") || lower.endsWith(".ndjson")) {
            return new JsonDocuments(name, content.open(), true, reading);
        }
        if (lower.endsWith(".json")) {
            return new JsonDocuments(name, content.open(), false, reading);
        }
        if (lower.endsWith(".zip") || lower.endsWith(".jar")) {
            return ArchiveDocuments.open(name, content, reading, archives);
        }
        return new TextDocument(name, content.open(), reading);
    }

    /** The error for a source that cannot be read. */
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
}
