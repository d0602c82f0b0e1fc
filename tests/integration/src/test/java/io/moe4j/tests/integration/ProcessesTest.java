package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Ranks as processes, started as torchrun starts them. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class ProcessesTest {
    /** Two ranks that share the experts and the parameters; the step is captured. */
    private static final List<String> RUN = List.of("train", "--checkpoint.enable", "false", "--metrics.log_every", "1",
            "--model.from", ProjectFiles.tinyModel(),
            "--data.tokenizer", "bytes", "--ranks", "2",
            "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
            "--training.local_batch_size", "1", "--training.seq_len", "16", "--runtime.threads", "1");
    private static final Pattern NUMBERS = Pattern.compile("\"(?:loss|grad_norm)\":[^,]*");

    @TempDir
    private Path folder;

    @Test
    void twoProcessesComputeWhatTwoThreadsCompute() throws Exception {
        List<String> run = with(RUN, "--training.steps", "2");
        StringWriter err = new StringWriter();
        Path threads = folder.resolve("threads");
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err),
                with(run, "--output", threads.toString()).toArray(String[]::new));
        assertEquals(0, code, err::toString);

        Path processes = folder.resolve("processes");
        try (RankProcesses job = new RankProcesses(folder, 2)) {
            for (int rank = 0; rank < 2; rank++) {
                job.start(rank, with(run, "--output", processes.toString()));
            }
            for (int rank = 0; rank < 2; rank++) {
                assertEquals(0, job.exitCode(rank), job.log(rank));
            }
        }
        List<String> expected = numbers(threads);
        assertEquals(4, expected.size());
        assertEquals(expected, numbers(processes));
    }

    @Test
    void aKilledProcessStopsTheOtherWhichNamesIt() throws Exception {
        List<String> run = with(RUN, "--training.steps", "100000", "--output", folder.resolve("run").toString());
        try (RankProcesses job = new RankProcesses(folder, 2)) {
            job.start(0, run);
            job.start(1, run);
            Process survivor = job.process(0);
            Process victim = job.process(1);
            Path metrics = folder.resolve("run").resolve("metrics.jsonl");
            for (int i = 0; i < 4000 && !(Files.exists(metrics) && Files.size(metrics) > 0); i++) {
                assertTrue(survivor.isAlive() && victim.isAlive(), () -> job.log(0) + job.log(1));
                Thread.sleep(50);
            }
            long begin = System.nanoTime();
            victim.destroyForcibly().waitFor();
            assertNotEquals(0, job.exitCode(0));
            assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(20), "long before the time limit");
            assertTrue(job.log(0).contains("rank 1 failed") && job.log(0).contains("its process has ended"),
                    job.log(0));
        }
    }

    /** SIGTERM to one of two processes, without an --output: both end after the same step, and say by their exit codes that the run is unfinished. */
    @Test
    void aSignalToOneProcessEndsAll() throws Exception {
        List<String> run = with(RUN, "--training.steps", "100000", "--checkpoint.enable");
        try (RankProcesses job = new RankProcesses(folder, 2)) {
            job.start(0, run);
            job.start(1, run);
            job.await(0, "step:  1 ");
            job.process(1).destroy();
            assertEquals(3, job.exitCode(0), () -> job.log(0));
            assertEquals(143, job.exitCode(1), () -> job.log(1));
            assertTrue(job.log(1).contains("SIGTERM: the run ends with this step or the next"), job.log(1));
            assertTrue(job.log(0).contains("because the process of rank 1 was asked to end"), job.log(0));
            List<Path> runs;
            try (Stream<Path> found = Files.list(folder.resolve("outputs"))) {
                runs = found.toList();
            }
            assertEquals(1, runs.size(), "both processes use one folder");
            try (Stream<Path> saved = Files.list(runs.getFirst().resolve("checkpoints"))) {
                assertEquals(1, saved.count());
            }
        }
    }

    /** Losses and norms as they were written, to the last digit. */
    private static List<String> numbers(Path run) throws IOException {
        return NUMBERS.matcher(Files.readString(run.resolve("metrics.jsonl"))).results().map(MatchResult::group)
                .toList();
    }

    private static List<String> with(List<String> arguments, String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all;
    }
}
