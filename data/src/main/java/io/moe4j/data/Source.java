package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.ZipInputStream;

/**
 * A file of documents: a text is one document, a JSONL file has one in each line, an archive one in each entry.
 *
 * @param name a path, for messages
 * @param content opens it
 */
record Source(String name, Content content) {

    private static final int LOOK_AHEAD = 4096;

    /** Opens a file. */
    @FunctionalInterface
    interface Content {
        InputStream open() throws IOException;
    }

    Documents open() throws IOException {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".jsonl")) {
            return new JsonLines(name, new BufferedReader(
                    new InputStreamReader(content.open(), StandardCharsets.UTF_8.newDecoder())));
        }
        if (lower.endsWith(".zip") || lower.endsWith(".jar")) {
            return new Entries(new ZipInputStream(new BufferedInputStream(content.open())));
        }
        return new Text(name, new BufferedInputStream(content.open(), 1 << 16));
    }

    /** Whether the beginning is text: a zero byte is in nearly every file that is not. */
    static boolean beginsAsText(BufferedInputStream in) throws IOException {
        in.mark(LOOK_AHEAD);
        byte[] beginning = in.readNBytes(LOOK_AHEAD);
        in.reset();
        for (byte value : beginning) {
            if (value == 0) {
                return false;
            }
        }
        return true;
    }

    private static final class Text implements Documents {
        private final String name;
        private final BufferedInputStream text;
        private boolean taken;

        Text(String name, BufferedInputStream text) {
            this.name = name;
            this.text = text;
        }

        @Override
        public Optional<InputStream> next() throws IOException {
            if (taken) {
                return Optional.empty();
            }
            taken = true;
            if (!beginsAsText(text)) {
                throw new InputException(name + " is not text: it has a zero byte among its first " + LOOK_AHEAD
                        + "; give text files, or remove it from the folder");
            }
            return Optional.of(text);
        }

        @Override
        public void close() throws IOException {
            text.close();
        }
    }

    private record Entries(ZipInputStream archive) implements Documents {
        @Override
        public Optional<InputStream> next() throws IOException {
            var entry = archive.getNextEntry();
            while (entry != null && entry.isDirectory()) {
                entry = archive.getNextEntry();
            }
            return entry == null ? Optional.empty() : Optional.of(archive);
        }

        @Override
        public void close() throws IOException {
            archive.close();
        }
    }
}
