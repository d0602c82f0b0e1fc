package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer of another jar that fails when it is used, long after it was opened: it is named all the same, on whatever thread that was. */
final class FaultyTokenizerTest {
    private static final String MODULE = """
            module example.words {
                requires io.moe4j.api;
                provides io.moe4j.api.text.TokenizerProvider with example.words.WordsProvider;
            }
            """;
    private static final String PROVIDER = """
            package example.words;
            import io.moe4j.api.spi.Availability;
            import io.moe4j.api.text.*;
            import java.io.InputStream;
            import java.nio.file.Path;
            import java.util.Optional;
            public final class WordsProvider implements TokenizerProvider {
                public String id() { return "words"; }
                public String spiVersion() { return SPI_VERSION; }
                public String description() { return "for this test"; }
                public Availability probe() { return Availability.available(); }
                public boolean reads(Path path) { return false; }
                public Tokenizer open(Optional<Path> path) { return new Words(); }
                private static final class Words implements Tokenizer {
                    public int vocabulary() { return 257; }
                    public int endToken() { return 256; }
                    public Tokens tokens(InputStream text) { throw new NullPointerException("bad thing"); }
                }
            }
            """;

    @TempDir
    private Path work;

    @Test
    void itIsNamedByEveryCommand() throws IOException {
        Path jar = PlugInJar.write(new Sources(Map.of("module-info.java", MODULE, "example/words/WordsProvider.java",
                PROVIDER)), OtherVersion.ofHost(), work, work.resolve("plugins/words.jar"));
        Path text = Files.writeString(work.resolve("a.txt"), "some text");
        told(jar, "tokenize", "--data.path", text.toString(), "--data.tokenizer", "words",
                work.resolve("tokens").toString());
        told(jar, "train", "--model.from", Sources.tinyModel(), "--data.path", text.toString(), "--data.tokenizer",
                "words", "--output", work.resolve("run").toString());
        told(jar, "generate", Sources.tinyModel(), "--tokenizer", "words", "--prompt", "x");
    }

    private static void told(Path jar, String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--plugin-path", jar.toString()));
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), all.toArray(String[]::new));
        assertNotEquals(0, code, err.toString());
        assertTrue(err.toString().contains("the plug-in \"words\" failed in WordsProvider.Words.tokens():"
                + " java.lang.NullPointerException: bad thing; report this to the author of example.words.WordsProvider ("
                + jar + ")"), command[0] + ": " + err);
    }
}
