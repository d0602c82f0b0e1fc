package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadLog;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceInput;
import io.moe4j.api.text.SourceProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The contract of formats of training text: a format returns the texts of a file in order and unchanged, continues from any position as if it had not
 * stopped, and reports problems.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class SourceContract {
    private static final List<String> TEXTS = List.of("one", "", "Grüße, 世界 \uD83D\uDE00", "a\nb\tc \"quoted\" \\",
            "long ".repeat(40_000), "last");
    private static final int LONGEST_POSITION = 500;

    @TempDir
    private Path folder;

    /** For subclasses. */
    protected SourceContract() {}

    /** The folder in which test files are written. */
    protected Path folder() {
        return folder;
    }

    /** The format. */
    protected abstract SourceProvider provider();

    /** A file name of the format, such as {@code x.jsonl}. */
    protected abstract String fileName();

    /** The bytes of a file with these documents, each in a field named "text". */
    protected abstract byte[] file(List<String> texts);

    /**
     * The bytes of a file with the documents {@code before} and {@code after}, and between them a line or row without text; absent if the format
     * cannot have one.
     */
    protected abstract Optional<byte[]> fileWithABadLine(String before, String after);

    /**
     * Texts to try it on, at least three. To be overridden for a format that cannot have some of these, such as one without empty documents.
     *
     * @since 0.3.0
     */
    protected List<String> texts() {
        return TEXTS;
    }

    /** Bytes that are not a valid file of the format. */
    protected byte[] noFile() {
        return "{ this is neither JSON nor anything else".getBytes(StandardCharsets.UTF_8);
    }

    /** Id, version and probe keep the rules of providers, and file names decide what it reads. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), SourceProvider.SPI_VERSION);
        assertTrue(provider().reads(fileName().toLowerCase(Locale.ROOT)), fileName());
        for (String other : List.of("", "readme", "x.unknown-format", "x.gz", ".")) {
            assertFalse(provider().reads(other), "it says that it reads \"" + other + "\", which others may want to");
        }
    }

    /** Texts are returned in order, and equal to the last byte. */
    @Test
    public void textsComeBack() throws IOException {
        assertTrue(texts().size() > 2, () -> "positions need more than two texts, but texts() has " + texts().size());
        assertEquals(texts(), read(request(file(texts()))), "texts of a file");
        assertEquals(List.of(), read(request(file(List.of()))), "texts of a file without documents");
    }

    /** A document's stream need not be read, nor closed, before the next document. */
    @Test
    public void documentsMayBePassed() throws IOException {
        try (DocumentReader reader = open(request(file(texts())))) {
            for (int i = 0; i < texts().size(); i++) {
                Optional<Document> document = reader.next();
                assertTrue(document.isPresent(), "document " + i + ", after documents of which little was read");
                if (i == texts().size() - 1) {
                    assertEquals(texts().get(i), text(document.get().text()), "the last document");
                } else {
                    document.get().text().readNBytes(2);
                }
            }
            assertTrue(reader.next().isEmpty(), "a document after the last");
            assertTrue(reader.next().isEmpty(), "a document after the end was seen");
        }
    }

    /** From each position, exactly the following texts are read, repeatedly. */
    @Test
    public void positionsGoOn() throws IOException {
        byte[] file = file(texts());
        String position = "";
        for (int i = 0; i <= texts().size(); i++) {
            try (DocumentReader reader = open(request(file).withPosition(position))) {
                assertEquals(position, reader.position(), "the position of a reader that has read nothing");
            }
            assertEquals(texts().subList(i, texts().size()), read(request(file).withPosition(position)),
                    "texts from position \"" + position + "\", after document " + i);
            if (i < texts().size()) {
                try (DocumentReader reader = open(request(file).withPosition(position))) {
                    reader.next();
                    position = reader.position();
                    assertTrue(position.length() <= LONGEST_POSITION && !position.isEmpty(),
                            "a position must have 1 to " + LONGEST_POSITION + " characters after a document: "
                                    + position);
                }
            }
        }
    }

    /** A position from another file is refused, not interpreted as the beginning or the end. */
    @Test
    public void wrongPositionsAreRefused() {
        byte[] file = file(texts());
        for (String wrong : List.of("nonsense", "-1", "\u0000", "9".repeat(40))) {
            assertThrows(InputException.class, () -> read(request(file).withPosition(wrong)),
                    "position \"" + wrong + "\"");
        }
    }

    /** A bad line is reported with its place. If the receiver returns, reading goes on; if it throws, reading ends. */
    @Test
    public void badLinesAreTold() throws IOException {
        Optional<byte[]> file = fileWithABadLine("before", "after");
        if (file.isEmpty()) {
            return;
        }
        Log log = new Log(true);
        assertEquals(List.of("before", "after"), read(request(file.get(), log)), "texts around a bad line");
        assertEquals(1, log.told.size(), () -> "bad lines that were told: " + log.told);
        assertTrue(log.told.getFirst().contains(fileName()), () -> "its place names the file: " + log.told);
        assertThrows(InputException.class, () -> read(request(file.get(), new Log(false))),
                "a log that lets no bad line pass");
    }

    /** A file that is not of the format is refused with its name. */
    @Test
    public void otherFilesAreRefused() {
        Exception e = assertThrows(Exception.class, () -> read(request(noFile(), new Log(false))));
        assertTrue(e instanceof IOException || e instanceof InputException, () -> "it throws " + e);
    }

    /** Two readers of one provider are independent. */
    @Test
    public void readersAreIndependent() throws IOException {
        byte[] file = file(texts());
        try (DocumentReader first = open(request(file)); DocumentReader second = open(request(file))) {
            for (String expected : texts()) {
                assertEquals(expected, text(first.next().orElseThrow().text()), "the first reader");
                assertEquals(expected, text(second.next().orElseThrow().text()), "the second reader");
            }
        }
    }

    /** The head of a file can be checked, and then closed. */
    @Test
    public void headsAreChecked() throws IOException {
        try (DocumentReader reader = open(request(file(texts())))) {
            reader.checkHead();
        }
    }

    private DocumentReader open(ReadRequest request) throws IOException {
        return provider().open(request);
    }

    private List<String> read(ReadRequest request) throws IOException {
        List<String> texts = new ArrayList<>();
        try (DocumentReader reader = open(request)) {
            for (Optional<Document> next = reader.next(); next.isPresent(); next = reader.next()) {
                texts.add(text(next.get().text()));
            }
        }
        return texts;
    }

    private static String text(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private ReadRequest request(byte[] content) {
        return request(content, new Log(false));
    }

    private ReadRequest request(byte[] content, ReadLog log) {
        Path file = folder().resolve(fileName());
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw new AssertionError("the kit cannot write " + file, e);
        }
        return ReadRequest.of(new FileInput(file), log);
    }

    private record FileInput(Path file) implements SourceInput {
        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public InputStream open(long from) throws IOException {
            SeekableByteChannel channel = Files.newByteChannel(file);
            return Channels.newInputStream(channel.position(from));
        }
    }

    /** Lets bad lines pass, or throws. */
    private static final class Log implements ReadLog {
        private final boolean skips;
        private final List<String> told = new ArrayList<>();

        private Log(boolean skips) {
            this.skips = skips;
        }

        @Override
        public void badLine(String where, String problem) {
            told.add(where + " " + problem);
            if (!skips) {
                throw new InputException(where + " " + problem);
            }
        }

        @Override
        public boolean skipsBadLines() {
            return skips;
        }

        @Override
        public void loneSurrogates(long count) {
            throw new AssertionError("no text of the kit has half a character, and " + count + " were told");
        }
    }
}
