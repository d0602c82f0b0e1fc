package io.moe4j.api.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("x.txt");
    }

    @Test
    void aFileIsWrittenAndReplaced() throws IOException {
        WholeFile.write(file, "one\u00e9");
        assertEquals("one\u00e9", Files.readString(file));
        byte[] large = new byte[300_001];
        new Random(3).nextBytes(large);
        WholeFile.write(file, to -> {
            to.write(large, 0, 7);
            to.write(large, 7, large.length - 7);
            to.close();
        });
        assertArrayEquals(large, Files.readAllBytes(file));
        assertEquals(List.of(file), all());
    }

    /** A second name (hard link) of the earlier file shows that its bytes are not overwritten. */
    @Test
    void theEarlierFileIsReplacedAndNotWrittenOver() throws IOException {
        WholeFile.write(file, "one");
        Path second = Files.createLink(folder.resolve("second"), file);
        WholeFile.write(file, to -> {
            to.write("two".getBytes(StandardCharsets.US_ASCII));
            to.flush();
            assertEquals("one", Files.readString(file), "until all is written");
        });
        assertEquals("one", Files.readString(second));
        assertEquals("two", Files.readString(file));
    }

    @Test
    void aFailureLeavesTheEarlierFile() throws IOException {
        WholeFile.write(file, "one");
        for (Exception failure : List.of(new IOException("no room"), new IllegalStateException("no value"))) {
            Exception thrown = assertThrows(Exception.class, () -> WholeFile.write(file, to -> {
                to.write(2);
                to.flush();
                if (failure instanceof IOException e) {
                    throw e;
                }
                throw (RuntimeException) failure;
            }));
            assertSame(failure, thrown);
            assertEquals("one", Files.readString(file));
            assertEquals(List.of(file), all());
        }
    }

    @Test
    void whatAKilledProcessHasLeftIsWrittenOver() throws IOException {
        Path part = Files.writeString(folder.resolve("x.txt.part"), "a longer text of an earlier process");
        WholeFile.write(file, "one");
        assertEquals("one", Files.readString(file));
        assertFalse(Files.exists(part));
        assertThrows(IOException.class, () -> WholeFile.write(folder.resolve("none/x"), "one"));
        Path taken = Files.createDirectory(folder.resolve("taken"));
        Files.createFile(taken.resolve("within"));
        assertThrows(IOException.class, () -> WholeFile.write(taken, "one"));
        assertTrue(Files.exists(taken.resolve("within")));
    }

    private List<Path> all() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
