package io.moe4j.tests.contract;

import io.moe4j.api.text.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.opentest4j.AssertionFailedError;

/** Texts in the form in which tokenizers receive them, and their ids. */
final class TokenizerTexts {
    private static final int LONG = 40_000;
    /** A number of ids that is far larger than that of any text. */
    private static final int MOST_IDS = 4 * LONG;

    private TokenizerTexts() {}

    static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A text that is longer than the usual buffers. */
    static String longText() {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder();
        String[] words = {"the", "of", "tokens", "\u00FCber", "\u6587", "x1", "...", "(see", "below)", "\uD83D\uDE00"};
        while (text.length() < LONG) {
            text.append(words[random.nextInt(words.length)]).append(random.nextInt(12) == 0 ? "\n" : " ");
        }
        return text.append("end").toString();
    }

    /** All ids, in pieces of at most {@code most}. */
    static List<Integer> ids(Tokenizer.Tokens tokens, int most) throws IOException {
        List<Integer> ids = new ArrayList<>();
        int[] some = new int[most + 1];
        for (int read = tokens.read(some, 1, most); read != -1; read = tokens.read(some, 1, most)) {
            if (read < 1 || read > most || ids.size() > MOST_IDS) {
                throw new AssertionFailedError(
                        "read() says " + read + " after " + ids.size() + " ids, where 1 to " + most
                                + ", or -1 at the end, are possible");
            }
            for (int i = 0; i < read; i++) {
                ids.add(some[1 + i]);
            }
        }
        return ids;
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A stream that returns one byte at a time. */
    static final class Slow extends FilterInputStream {
        private boolean closed;

        Slow(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] target, int from, int count) throws IOException {
            return super.read(target, from, Math.min(1, count));
        }

        @Override
        public void close() throws IOException {
            closed = true;
            super.close();
        }

        boolean isClosed() {
            return closed;
        }
    }

    /** A stream that fails. */
    static final class Failing extends InputStream {
        private final IOException problem;

        Failing(IOException problem) {
            this.problem = problem;
        }

        @Override
        public int read() throws IOException {
            throw problem;
        }

        @Override
        public int read(byte[] target, int from, int count) throws IOException {
            throw problem;
        }
    }
}
