package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stays of a run's folder where the process is told to end while the run is being opened. */
class UnopenedFolderTest {
    @TempDir
    private Path outputs;

    private Path folder(String... files) throws IOException {
        Path folder = Files.createTempDirectory(outputs, "run");
        for (String file : files) {
            Files.createFile(folder.resolve(file));
        }
        return folder;
    }

    private static void runAtExit(UnopenedFolder unopened) throws InterruptedException {
        unopened.atExit().start();
        unopened.atExit().join();
    }

    @Test
    void aFolderWithTheLockAloneIsRemoved() throws IOException, InterruptedException {
        Path folder = folder(RunLock.FILE);
        try (UnopenedFolder unopened = UnopenedFolder.of(folder)) {
            runAtExit(unopened);
        }
        assertFalse(Files.exists(folder));
    }

    @Test
    void whatHasBeenWrittenStays() throws IOException, InterruptedException {
        for (String written : List.of("metrics.jsonl", "config.toml")) {
            Path folder = folder(RunLock.FILE, written);
            try (UnopenedFolder unopened = UnopenedFolder.of(folder)) {
                runAtExit(unopened);
            }
            assertTrue(Files.exists(folder.resolve(written)), written);
        }
    }

    /** After the run is open, the process can end without a look at the folder: the JVM knows the thread no more. */
    @Test
    void nothingIsRemovedOnceTheRunIsOpen() throws IOException {
        UnopenedFolder unopened = UnopenedFolder.of(folder(RunLock.FILE));
        unopened.close();
        assertFalse(Runtime.getRuntime().removeShutdownHook(unopened.atExit()));
        assertEquals(Thread.State.NEW, unopened.atExit().getState());
    }
}
