package io.moe4j.api.host;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnreadableFileTest {
    @TempDir
    private Path folder;

    @Test
    void theReasonAndOneRemedyAreTold() {
        Path file = Path.of("/models/base/config.json");
        assertEquals("/models/base/config.json cannot be read (permission denied); see that you may read it",
                UnreadableFile.because(file, new AccessDeniedException(file.toString())).getMessage());
        assertEquals(
                "/models/base/config.json cannot be read (permission denied: /models/base); see that you may read it",
                UnreadableFile.because(file, new AccessDeniedException("/models/base")).getMessage());
        assertEquals("/models/base/config.json cannot be read (Input/output error); see that it is a file that you may"
                + " read, on a disk that works",
                UnreadableFile.because(file, new IOException("Input/output error")).getMessage());
    }

    @Test
    void aFileInAFolderThatMayNotBeEnteredIsNotSaidToBeMissing() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Path file = Files.writeString(closed.resolve("config.json"), "{}");
        assertDoesNotThrow(() -> UnreadableFile.requireReachable(file));
        assertDoesNotThrow(() -> UnreadableFile.requireReachable(closed.resolve("none")));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        try {
            assumeFalse(Files.isReadable(file), "skipped: this user may read everything");
            assertEquals(closed + " cannot be read (permission denied); see that you may read it",
                    assertThrows(InputException.class, () -> UnreadableFile.requireReachable(file)).getMessage());
            assertEquals(closed + " cannot be read (permission denied); see that you may read it",
                    assertThrows(InputException.class,
                            () -> UnreadableFile.requireReachable(closed.resolve("a/b/config.json"))).getMessage());
        } finally {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        }
    }
}
