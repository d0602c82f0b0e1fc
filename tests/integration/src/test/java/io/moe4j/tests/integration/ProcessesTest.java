package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ranks as processes, started as torchrun starts them. That they compute what threads compute shows in {@link SlurmJobTest}; what the others do when one is
 * killed, in {@link PyTorchJobTest} and in tests/faults.
 */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class ProcessesTest {
    /** Two ranks that share the experts and the parameters; the step is captured. */
    private static final List<String> RUN = List.of("train", "--checkpoint.enable", "false", "--metrics.log_every", "1",
            "--model.from", ProjectFiles.tinyModel(),
            "--data.tokenizer", "bytes", "--ranks", "2",
            "--parallelism.data_parallel_shard_degree", "2", "--parallelism.expert_parallel_degree", "2",
            "--training.local_batch_size", "1", "--training.seq_len", "16", "--runtime.threads", "1");

    @TempDir
    private Path folder;

    /**
     * SIGTERM to one of two processes, without an --output: both end after the same step, and say by their exit codes that the run is unfinished. A process has
     * allocated what was planned for its rank: collectives of processes take more than those of threads.
     */
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
            JsonNode planned = JsonMapper.shared().readTree(Files.readString(runs.getFirst().resolve("run.json")))
                    .path("memory_bytes_of_a_rank");
            long used = JsonMapper.shared()
                    .readTree(Files.readAllLines(runs.getFirst().resolve("metrics.jsonl")).getFirst())
                    .path("memory_bytes").asLong();
            assertTrue(planned.path("collectives").asLong() > 2 * (4L << 20), planned::toString);
            assertEquals(used, planned.valueStream().mapToLong(JsonNode::asLong).sum(), 0.001 * used);
        }
    }

    private static List<String> with(List<String> arguments, String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all;
    }
}
