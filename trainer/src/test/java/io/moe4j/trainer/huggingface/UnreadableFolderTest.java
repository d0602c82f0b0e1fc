package io.moe4j.trainer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.moe4j.api.InputException;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of a model's folder that this user may not read: one message, one remedy, whichever file it is. */
class UnreadableFolderTest {
    private static final String REMEDY = " cannot be read (permission denied); see that you may read it";

    @TempDir
    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        Path tiny = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(tiny.resolve("tests/tiny-model"))) {
            tiny = tiny.getParent();
        }
        for (String name : Set.of(FolderConfig.NAME, FolderFiles.SINGLE)) {
            Files.copy(tiny.resolve("tests/tiny-model").resolve(name), folder.resolve(name));
        }
    }

    @Test
    void itsDescription() throws IOException {
        assertEquals(folder.resolve(FolderConfig.NAME) + REMEDY, refusal(folder.resolve(FolderConfig.NAME)));
    }

    @Test
    void itsWeights() throws IOException {
        assertEquals(folder + " cannot be used:\n- files that cannot be read (permission denied); see that you may read"
                + " them: " + FolderFiles.SINGLE, refusal(folder.resolve(FolderFiles.SINGLE)));
    }

    @Test
    void theFolderItself() throws IOException {
        assertEquals(folder + REMEDY, refusal(folder));
    }

    /** As {@code chmod -R 644} leaves it: its names can be listed. */
    @Test
    void theFolderThatMayOnlyBeListed() throws IOException {
        assertEquals(folder + REMEDY, refusal(folder, "r--r--r--"));
    }

    private String refusal(Path closed) throws IOException {
        return refusal(closed, "---------");
    }

    private String refusal(Path closed, String permissions) throws IOException {
        Set<PosixFilePermission> before = Files.getPosixFilePermissions(closed);
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString(permissions));
        try {
            assumeFalse(Files.isExecutable(closed) || (Files.isReadable(closed) && Files.isRegularFile(closed)),
                    "skipped: this user may read everything");
            return String.valueOf(assertThrows(InputException.class,
                    () -> ModelSource.open(folder, Plugins.load()).close()).getMessage());
        } finally {
            Files.setPosixFilePermissions(closed, before);
        }
    }
}
