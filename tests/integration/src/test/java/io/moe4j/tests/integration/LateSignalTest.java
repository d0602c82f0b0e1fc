package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Signals after the last step, while the run's page is written. */
@Timeout(300)
@DisabledOnOs(OS.WINDOWS)
class LateSignalTest {
    private static final List<String> RUN = List.of("train", "--checkpoint.enable", "--checkpoint.resume", "auto",
            "--model.from", ProjectFiles.tinyModel(), "--data.tokenizer", "bytes", "--ranks", "1",
            "--parallelism.expert_parallel_degree", "1",
            "--training.steps", "2", "--training.local_batch_size", "1", "--training.seq_len", "16",
            "--runtime.threads", "1", "--output", "run");

    @TempDir
    private Path folder;

    /**
     * The exit code of a run that has made its last step is 0, also if a signal comes later. A pipe in the place of the page holds the process up
     * there. Without its page, as after a kill, the next start writes it.
     */
    @Test
    void theRunIsFinishedAndItsPageIsWritten() throws Exception {
        Path page = Files.createDirectory(folder.resolve("run")).resolve("report.html");
        assertEquals(0, new ProcessBuilder("mkfifo", page.toString()).start().waitFor());
        try (RankProcesses job = new RankProcesses(folder, 1)) {
            job.start(0, RUN);
            job.await(0, "loss      ");
            job.process(0).destroy();
            job.await(0, "SIGTERM: the run has made its last step, and ends when its files are written");
            // No page of moe4j: it is left as it is, with a warning.
            Files.write(page, "something else".getBytes(StandardCharsets.UTF_8));
            assertEquals(0, job.exitCode(0), () -> job.log(0));
        }
        Files.delete(page);
        try (RankProcesses job = new RankProcesses(folder, 1)) {
            job.start(0, RUN);
            assertEquals(0, job.exitCode(0), () -> job.log(0));
            assertTrue(job.log(0).contains("no step was made"), job.log(0));
            assertTrue(job.log(0).contains("generate run"), job.log(0));
        }
        assertTrue(Files.readString(page).contains("<html"), "the page");
    }
}
