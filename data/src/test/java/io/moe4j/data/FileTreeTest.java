package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Links, and what is no regular file. */
class FileTreeTest {

    @TempDir
    private Path folder;
    private Path data;
    private Path elsewhere;

    @BeforeEach
    void write() throws IOException {
        data = Files.createDirectory(folder.resolve("data"));
        elsewhere = Files.createDirectories(folder.resolve("elsewhere/deep"));
        Files.writeString(data.resolve("a"), "one");
        Files.writeString(elsewhere.resolve("b"), "two");
    }

    @Test
    void linksAreFollowed() throws IOException {
        Files.createSymbolicLink(data.resolve("linked"), folder.resolve("elsewhere"));
        Files.createSymbolicLink(data.resolve("z"), data.resolve("a"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("data"));
        assertEquals(List.of("one", "two", "one"), Texts.of(link));
        assertEquals(List.of("one", "two", "one"), Texts.of(data));
    }

    @Test
    void aLoopIsNamed() throws IOException {
        Files.createSymbolicLink(elsewhere.resolve("up"), data);
        Files.createSymbolicLink(data.resolve("linked"), folder.resolve("elsewhere"));
        assertRefused(data, "linked/deep/up is a link to " + data.toRealPath() + ", which it is inside of");
        Files.createSymbolicLink(folder.resolve("self"), Path.of("self"));
        assertRefused(folder.resolve("self"), "self is a link to something that does not exist");
    }

    @Test
    void aLinkToNothingIsNamed() throws IOException {
        Files.createSymbolicLink(data.resolve("gone"), Path.of("nothing"));
        assertRefused(data, "data/gone is a link to something that does not exist");
    }

    /** Nothing in such a folder can be told to be there. */
    @Test
    void aFolderThatMayOnlyBeListedIsNamed() throws IOException {
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("r--r--r--"));
        try {
            assumeFalse(Files.isExecutable(data), "skipped: this user may enter everything");
            for (Path asked : List.of(data, data.resolve("a"), folder)) {
                assertRefused(asked, data + " cannot be read (permission denied); see that you may read it");
            }
        } finally {
            Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void whatIsNoFileIsNamed() throws Exception {
        assertRefused(Path.of("/dev/zero"), "/dev/zero is a pipe, a socket or a device");
        Path pipe = data.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        assertRefused(pipe, "pipe is a pipe, a socket or a device");
        assertRefused(data, "data/pipe is a pipe, a socket or a device");
    }

    @Test
    void aFileThatChangesIsNamed() throws IOException {
        Corpus corpus = Corpus.open(Optional.of(data));
        Files.writeString(data.resolve("a"), "three");
        InputException e = assertThrows(InputException.class, corpus::checkHeads);
        assertTrue(e.getMessage().contains("data/a has changed since the data was listed: it had 3 bytes"),
                e.getMessage());
        Files.delete(data.resolve("a"));
        e = assertThrows(InputException.class, corpus::checkHeads);
        assertTrue(e.getMessage().contains("data/a is gone"), e.getMessage());
    }

    private static void assertRefused(Path path, String expected) {
        InputException e = assertTimeoutPreemptively(Duration.ofSeconds(20),
                () -> assertThrows(InputException.class, () -> Corpus.open(Optional.of(path))));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
