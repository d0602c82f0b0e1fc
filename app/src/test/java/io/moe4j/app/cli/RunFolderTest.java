package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder is of one run. */
class RunFolderTest {

    @TempDir
    private Path parent;

    @Test
    void runsOfOneSecondHaveFoldersOfTheirOwn() throws Exception {
        Set<Path> folders = new HashSet<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Path>> opened = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                opened.add(threads.submit(() -> {
                    try (RunFolder folder = RunFolder.openIn(parent, null, "config-20260101-120000",
                            Optional.empty())) {
                        return folder.path();
                    }
                }));
            }
            for (Future<Path> each : opened) {
                folders.add(each.get());
            }
        }
        assertEquals(40, folders.size());
        assertTrue(folders.contains(parent.resolve("config-20260101-120000")), folders.toString());
        assertTrue(folders.contains(parent.resolve("config-20260101-120000-40")), folders.toString());
    }

    @Test
    void anotherRunAtTheSameTimeIsRefused() {
        Path given = parent.resolve("run");
        try (RunFolder first = open(given, Optional.empty())) {
            InputException refused = assertThrows(InputException.class, () -> open(given, Optional.empty()));
            assertTrue(refused.getMessage().contains("is in use by a run that has not ended (process "
                    + ProcessHandle.current().pid()), refused.getMessage());
        }
        open(given, Optional.empty()).close();
    }

    @Test
    void anEarlierRunIsContinuedOrLeftAlone() throws IOException {
        Path given = Files.createDirectories(parent.resolve("run"));
        Path checkpoint = Files.createDirectories(given.resolve("checkpoints").resolve("step-000000001"));
        Path other = Files.createDirectories(parent.resolve("other"));
        String refused = assertThrows(InputException.class, () -> open(given, Optional.empty())).getMessage();
        assertTrue(refused.contains("continue the earlier run with --checkpoint.resume " + given), refused);
        refused = assertThrows(InputException.class, () -> open(given, Optional.of(other))).getMessage();
        assertTrue(refused.contains("not the one that --checkpoint.resume " + other + " names"), refused);
        open(given, Optional.of(given)).close();
        open(given, Optional.of(checkpoint)).close();
        Path link = Files.createSymbolicLink(parent.resolve("link"), given);
        open(given, Optional.of(link)).close();
        open(link, Optional.of(given)).close();

        Files.delete(checkpoint);
        open(given, Optional.empty()).close();
        Files.writeString(given.resolve("metrics.jsonl"), "{}\n");
        refused = assertThrows(InputException.class, () -> open(given, Optional.empty())).getMessage();
        assertFalse(refused.contains("continue the earlier run"), refused);
    }

    private RunFolder open(Path given, Optional<Path> resume) {
        return RunFolder.openIn(parent, given, "unused", resume);
    }
}
