package io.moe4j.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The message says what went wrong with a file, also if Java's own message is only the path. */
class FileProblemTest {
    @TempDir
    private Path folder;

    @Test
    void theKindOfAnExceptionIsTold() throws IOException {
        Path none = folder.resolve("none");
        Path file = Files.writeString(folder.resolve("file"), "");
        Path link = Files.createSymbolicLink(folder.resolve("link"), none);
        assertTold("there is no " + none, () -> Files.size(none));
        assertTold(file + " is no folder", () -> Files.newDirectoryStream(file));
        assertTold(folder + " is not empty", () -> Files.delete(folder));
        assertTold(file + " is there already", () -> Files.createDirectory(file));
        assertTold(link + " is a link to what is not there", () -> Files.createDirectories(link));
        assertEquals("permission denied: /data/a", Shown.fileProblem(new AccessDeniedException("/data/a")));
    }

    @Test
    void aMessageThatSaysMoreStays() {
        assertEquals("/data/a: No space left on device",
                Shown.fileProblem(new FileSystemException("/data/a", null, "No space left on device")));
        assertEquals("the file ends here",
                Shown.fileProblem(new UncheckedIOException(new EOFException("the file ends here"))));
        assertEquals("EOFException", Shown.fileProblem(new EOFException()));
        assertEquals("FileSystemException: /data/a", Shown.fileProblem(new FileSystemException("/data/a")));
    }

    private static void assertTold(String told, Executable operation) {
        IOException problem = assertThrows(IOException.class, operation);
        assertEquals(told, Shown.fileProblem(problem));
    }
}
