package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plug-in that fails when it is asked what it reads ends no run that does not need it, and is named where it may be what is missing. */
class FaultyPlugInsTest {

    @TempDir
    private Path folder;

    /** A plug-in that fails at every question about what it can. */
    abstract static class Faulty implements Provider {
        @Override
        public String id() {
            return "faulty";
        }

        @Override
        public String description() {
            return "for this test";
        }

        @Override
        public Availability probe() {
            throw new IllegalStateException("no probe today");
        }
    }

    /** A tokenizer that cannot say what it reads. */
    public static final class FaultyTokenizer extends Faulty implements TokenizerProvider {
        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public boolean reads(Path path) {
            throw new NullPointerException("no answer today");
        }

        @Override
        public Tokenizer open(Optional<Path> path) {
            throw new AssertionError("opened");
        }
    }

    /** A tokenizer for files that end in {@code .words}. */
    public static final class WordsTokenizer extends Faulty implements TokenizerProvider {
        @Override
        public String id() {
            return "words";
        }

        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }

        @Override
        public boolean reads(Path path) {
            return path.toString().endsWith(".words");
        }

        @Override
        public Tokenizer open(Optional<Path> path) {
            return Tokenizers.bytes();
        }
    }

    /** A format that cannot say what it reads. */
    public static final class FaultyFormat extends Faulty implements SourceProvider {
        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public boolean reads(String name) {
            throw new NullPointerException("no answer today");
        }

        @Override
        public DocumentReader open(ReadRequest request) {
            throw new AssertionError("opened");
        }
    }

    /** A format for {@code .broken} files that fails in one of its methods; its id is the method's name. */
    public static final class BrokenFormat extends Faulty implements SourceProvider {
        private final String method;

        BrokenFormat(String method) {
            this.method = method;
        }

        @Override
        public String id() {
            return "broken " + method;
        }

        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public boolean reads(String name) {
            return name.endsWith(".broken");
        }

        @Override
        public DocumentReader open(ReadRequest request) throws IOException {
            failIn("open");
            DocumentReader text = new JsonSourceProvider().open(request);
            return new DocumentReader() {
                @Override
                public Optional<Document> next() throws IOException {
                    failIn("next");
                    return method.equals("null") ? null : text.next();
                }

                @Override
                public String position() {
                    failIn("position");
                    return text.position();
                }

                @Override
                public String where() {
                    return text.where();
                }

                @Override
                public void close() throws IOException {
                    failIn("close");
                    text.close();
                }
            };
        }

        private void failIn(String called) {
            if (method.equals(called)) {
                throw new NullPointerException("at work");
            }
        }
    }

    /** The control is a method that is not called, with which the file is read. */
    @Test
    void aFormatThatFailsIsNamedWithItsClassAndItsJar() throws IOException {
        Path file = Files.writeString(folder.resolve("x.broken"), "{\"text\": \"a\"}");
        assertEquals("61 100 ", read(file, broken("none")));
        for (String method : List.of("open", "next", "position", "close", "null")) {
            String told = assertThrows(IllegalStateException.class, () -> read(file, broken(method))).getMessage();
            String called = method.equals("open") ? "open"
                    : "DocumentReader." + (method.equals("null") ? "next" : method);
            assertTrue(told.startsWith(file + ": the plug-in \"broken " + method + "\" failed in its method " + called
                    + (method.equals("null") ? "(): it returned null"
                            : "(): java.lang.NullPointerException: at work")),
                    told);
            assertTrue(told.contains("report this to the author of " + BrokenFormat.class.getName() + " ("), told);
        }
    }

    private static CorpusOptions broken(String method) {
        return new CorpusOptions(BadLines.FAIL, "text", Optional.empty(), Optional.empty(),
                List.of(new BrokenFormat(method)));
    }

    @Test
    void aTokenizerThatCannotAnswerIsPassedOver() throws IOException {
        Registry registry = registry(TokenizerProvider.class, TokenizerProvider.SPI_VERSION, FaultyTokenizer.class,
                WordsTokenizer.class);
        Path words = Files.createFile(folder.resolve("x.words"));
        Tokenizers.open(registry, words.toString()).close();
        assertTrue(Tokenizers.isIn(registry, words));
        assertFalse(Tokenizers.isIn(registry, folder));
        Path other = Files.createFile(folder.resolve("x.other"));
        String none = assertThrows(InputException.class, () -> Tokenizers.open(registry, other.toString()))
                .getMessage();
        assertTrue(none.contains("is read by none of the tokenizers") && none.contains(
                "the plug-in \"faulty\" failed in its method reads(): java.lang.NullPointerException: no answer today"),
                none);
        String named = assertThrows(IllegalStateException.class, () -> Tokenizers.open(registry, "faulty"))
                .getMessage();
        assertTrue(named.startsWith("the plug-in \"faulty\" failed in its method probe()"), named);
    }

    @Test
    void aFormatThatCannotAnswerIsPassedOver() throws IOException {
        Registry registry = registry(SourceProvider.class, SourceProvider.SPI_VERSION, FaultyFormat.class,
                JsonSourceProvider.class);
        assertEquals(List.of("json"), CorpusOptions.DEFAULT.withFormats(registry).formats().stream().map(Provider::id)
                .toList());
        Path json = Files.writeString(folder.resolve("x.jsonl"), "{\"text\": \"a\"}");
        Path text = Files.writeString(folder.resolve("x.txt"), "hi");
        CorpusOptions options = new CorpusOptions(BadLines.FAIL, "text", Optional.empty(), Optional.empty(),
                List.of(new FaultyFormat(), new JsonSourceProvider()));
        assertEquals("61 100 ", read(json, options));
        assertEquals("68 69 100 ", read(text, options));
    }

    private static String read(Path file, CorpusOptions options) {
        StringBuilder text = new StringBuilder();
        try (DocumentStream stream = new DocumentStream(Corpus.open(Optional.of(file), options).files(),
                new ByteTokenizer(), new Reading(options, true))) {
            int[] one = new int[1];
            while (stream.read(one, 0, 1) > 0) {
                text.append(Integer.toHexString(MarkedToken.id(one[0]))).append(' ');
            }
        }
        return text.toString();
    }

    private <P extends Provider> Registry registry(Class<P> spi, String version, Class<?>... providers)
            throws IOException {
        Path services = Files.createDirectories(folder.resolve("services/META-INF/services"));
        Files.write(services.resolve(spi.getName()), Stream.of(providers).map(Class::getName).toList());
        FaultyPlugInsTest.class.getModule().addUses(spi);
        return Registry.builder().add(spi, version, ServiceLoader.load(spi, new OnlyThese(services)), "this test")
                .build();
    }

    /** Finds the providers of one folder alone; classes are those of this test. */
    private static final class OnlyThese extends ClassLoader {
        private final Path services;

        OnlyThese(Path services) {
            super(FaultyPlugInsTest.class.getClassLoader());
            this.services = services;
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            Path file = services.resolve(name.substring(name.lastIndexOf('/') + 1));
            return Files.exists(file) ? Collections.enumeration(List.of(file.toUri().toURL()))
                    : Collections.emptyEnumeration();
        }
    }
}
