package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code checkpoint.resume = "auto"}: the same call starts a run, and continues it. */
class ResumeAutoTest {
    private static final String[] AUTO = {"checkpoint.enable=true", "checkpoint.interval=2", "checkpoint.resume=auto"};

    @TempDir
    private Path folder;

    @Test
    void theSameCallAgainAfterACrashEndsWithTheBitsOfAnUninterruptedRun() throws IOException {
        float[] whole;
        List<Double> losses;
        try (TrainingRun run = Tiny.open()) {
            losses = Tiny.losses(run);
            whole = weights(run);
        }
        try (TrainingRun first = open(folder)) {
            assertEquals(Optional.empty(), first.continued());
            // Saved after step 2; step 3 is lost.
            for (int step = 0; step < 3; step++) {
                assertEquals(losses.get(step), first.step().loss());
            }
        }
        try (TrainingRun second = open(folder)) {
            TrainingRun.Continued from = second.continued().orElseThrow();
            assertEquals(new TrainingRun.Continued(checkpoint(2), 2, List.of()), from);
            assertEquals(losses.subList(2, losses.size()), Tiny.losses(second));
            assertArrayEquals(whole, weights(second));
        }
        // The newest checkpoint is damaged: the one before is continued, and the damaged one is renamed.
        Path damaged = checkpoint(6).resolve("first_moment-of-rank-00000.shard");
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length / 2] ^= 1;
        Files.write(damaged, bytes);
        try (TrainingRun third = open(folder)) {
            assertEquals(new TrainingRun.Continued(checkpoint(4), 4, List.of(checkpoint(6))),
                    third.continued().orElseThrow());
            assertEquals(losses.subList(4, losses.size()), Tiny.losses(third));
            assertArrayEquals(whole, weights(third));
        }
        try (TrainingRun done = open(folder)) {
            assertEquals(6, done.stepsDone());
            assertEquals(List.of(), Tiny.losses(done));
        }
        for (int step : List.of(2, 4, 6)) {
            Files.delete(checkpoint(step).resolve("progress.json"));
        }
        String refused = String.valueOf(assertThrows(InputException.class, () -> open(folder).close()).getMessage());
        assertTrue(refused.contains("is whole, of 3; begin anew with another --output"), refused);
    }

    @Test
    void aCheckpointOfAnotherModelIsRefused() {
        try (TrainingRun run = open(folder, "training.steps=1")) {
            run.step();
        }
        String refused = String.valueOf(assertThrows(InputException.class, () -> {
            try (TrainingRun other = Tiny.openOther(Tiny::qwen, AUTO[0], "checkpoint.resume=" + folder)) {
                other.step();
            }
        }).getMessage());
        assertTrue(refused.contains("is of the model deepseek_v3, and this run trains qwen3_moe"), refused);
    }

    @Test
    void aRunWithoutAFolderHasNothingToLookIn() {
        String refused = String.valueOf(assertThrows(InputException.class, () -> Tiny.open(AUTO).close()).getMessage());
        assertTrue(refused.contains("this run has none: give one with RunOptions.withOutput"), refused);
    }

    /** Two processes, of which one finds damage in its share, go on from the same checkpoint; two that see different folders say so. */
    @Test
    void processesAgree() throws Exception {
        try (TrainingRun run = open(folder, "training.steps=4", "ranks=2", "parallelism.data_parallel_shard_degree=2",
                "parallelism.expert_parallel_degree=2")) {
            Tiny.losses(run);
        }
        Path damaged = checkpoint(4).resolve("weights-of-rank-00000.shard");
        byte[] bytes = Files.readAllBytes(damaged);
        bytes[bytes.length - 9] ^= 1;
        Files.write(damaged, bytes);
        assertEquals(List.of("2", "2"), apart(folder, folder));
        Path other = Files.createDirectory(folder.resolve("other"));
        List<String> refused = apart(folder, other);
        for (String each : refused) {
            assertTrue(each.contains("rank 0 sees step-000000002, and rank 1 none"), refused.toString());
        }
    }

    /** What two processes of one rank each report: the step after which they continue, or why they do not. */
    private static List<String> apart(Path first, Path second) throws Exception {
        ThreadRendezvous rendezvous = ThreadRendezvous.of(2, Duration.ofSeconds(20));
        List<String> said = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<String>> both = new ArrayList<>();
            for (int rank = 0; rank < 2; rank++) {
                RankLaunch launch = new RankLaunch(2, List.of(rank), 0, rendezvous);
                Path output = rank == 0 ? first : second;
                both.add(threads.submit(() -> {
                    try (TrainingRun run = Tiny.openWith(launch, options -> options.withOutput(output),
                            with(AUTO, "ranks=2", "parallelism.data_parallel_shard_degree=2",
                                    "parallelism.expert_parallel_degree=2"))) {
                        return String.valueOf(run.stepsDone());
                    } catch (InputException e) {
                        return String.valueOf(e.getMessage());
                    }
                }));
            }
            for (Future<String> each : both) {
                said.add(each.get());
            }
        }
        return said;
    }

    private Path checkpoint(int step) {
        return folder.resolve("checkpoints").resolve("step-00000000" + step).toAbsolutePath();
    }

    private static TrainingRun open(Path output, String... overrides) {
        return Tiny.openWith(options -> options.withOutput(output), with(AUTO, overrides));
    }

    private static String[] with(String[] first, String... more) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    /** All weights, one after the other. */
    private static float[] weights(TrainingRun run) {
        List<float[]> parts = run.tensors().shapes().keySet().stream().map(name -> run.tensors().read(name).values())
                .toList();
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
