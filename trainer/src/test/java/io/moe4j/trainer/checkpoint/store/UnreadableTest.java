package io.moe4j.trainer.checkpoint.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that this user may not read is refused as that. Taken for damaged, it would be passed over, and the advice would be to remove it. */
class UnreadableTest {
    @TempDir
    private Path folder;

    @Test
    void aFileThatMayNotBeReadIsNotDamaged() {
        InputException refused = assertThrows(InputException.class,
                () -> Unreadable.damage("a.shard: bytes 0 to 8", new AccessDeniedException("/run/a.shard")));
        assertEquals(
                "a.shard: bytes 0 to 8 cannot be read (permission denied: /run/a.shard), so it cannot be checked whether this"
                        + " checkpoint is whole; allow this user to read it",
                refused.getMessage());
        assertTrue(String.valueOf(Unreadable.damage("a.shard", new IOException("Input/output error")).getMessage())
                .contains("Input/output error"), "a disk that fails has damaged it");
    }

    @Test
    void neitherIsOneInAFolderThatMayNotBeEntered() throws IOException {
        Path checkpoint = Files.createDirectory(folder.resolve("step-000000001"));
        Path file = Files.writeString(checkpoint.resolve("manifest.json"), "{}");
        assertThrows(DamageException.class, () -> StoredCheckpoint.read(checkpoint.resolve("none")));
        Files.setPosixFilePermissions(checkpoint, PosixFilePermissions.fromString("---------"));
        try {
            assumeFalse(Files.isReadable(file), "skipped: this user may read everything");
            assertThrows(InputException.class, () -> StoredCheckpoint.read(file));
        } finally {
            Files.setPosixFilePermissions(checkpoint, PosixFilePermissions.fromString("rwx------"));
        }
    }

    /** Such a folder can be listed, and nothing in it can be told to be a folder: it is not said to be empty. */
    @Test
    void aFolderThatMayOnlyBeListedIsNamed() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        Path steps = Files.createDirectory(run.resolve(CheckpointChoice.CHECKPOINTS));
        Path step = Files.createDirectory(steps.resolve("step-000000001"));
        for (Path closed : List.of(run, steps, step)) {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r--r--r--"));
            try {
                assumeFalse(Files.isExecutable(closed), "skipped: this user may enter everything");
                Path asked = closed.equals(step) ? step : run;
                assertEquals(closed + " cannot be read (permission denied); see that you may read it",
                        assertThrows(InputException.class, () -> CheckpointChoice.candidates(asked)).getMessage());
            } finally {
                Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
            }
        }
    }
}
