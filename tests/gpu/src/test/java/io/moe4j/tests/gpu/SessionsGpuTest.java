package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RunFailedException;
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings of the debug model side by side in one JVM, on one GPU. */
@Tag("gpu")
@Timeout(90)
final class SessionsGpuTest {
    private static final int STEPS = 6;
    private static final int WORDS = 2048;
    private static final int BROKEN_STEP = 3;

    /** Each of two sessions trains as it does alone, to the bit. */
    @ParameterizedTest
    @ValueSource(strings = {"graph_capture.enable=true", "graph_capture.enable=false"})
    void shareNothing(String capture) throws Exception {
        List<Double> first = losses(1, "minimal_async_ep", capture);
        List<Double> second = losses(2, "minimal_async_ep", capture);
        assertNotEquals(first, second);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<List<Double>> one = threads.submit(() -> losses(1, "minimal_async_ep", capture));
            Future<List<Double>> two = threads.submit(() -> losses(2, "minimal_async_ep", capture));
            assertEquals(first, one.get());
            assertEquals(second, two.get());
        }
    }

    /** Two groups of two ranks exchange at the same time, in a world of four that they update together. */
    @Test
    void groupsOfOneSessionDoNotDisturbEachOther() {
        String[] halves = {"ranks=4", "parallelism.data_parallel_shard_degree=4", "graph_capture.enable=false"};
        List<Double> expected = losses(1, "standard", halves);
        assertEquals(expected, losses(1, "minimal_async_ep", halves));
        assertEquals(expected, losses(1, "minimal_async_ep", "ranks=4", "parallelism.data_parallel_shard_degree=4"));
    }

    /** A rank that throws ends its own session, with an error that names it, and no other session. Afterwards the GPU can be used again. */
    @ParameterizedTest
    @ValueSource(strings = {"minimal_async_ep", "standard"})
    void oneThatFailsLeavesTheOtherAlone(String backend) throws Exception {
        String capture = "graph_capture.enable=" + backend.equals("minimal_async_ep");
        List<Double> expected = losses(1, backend, capture);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<List<Double>> other = threads.submit(() -> losses(1, backend, capture));
            try (TrainingRun run = open(config(2, backend, capture), true)) {
                for (int step = 1; step < BROKEN_STEP; step++) {
                    run.step();
                }
                RunFailedException failed = assertThrows(RunFailedException.class, run::step);
                assertTrue(failed.getMessage().contains("rank 1") && failed.getMessage().contains("disk is on fire"),
                        failed.getMessage());
            }
            assertEquals(expected, other.get());
        }
        assertEquals(expected, losses(1, backend, capture));
    }

    private static List<Double> losses(long seed, String backend, String... overrides) {
        try (TrainingRun run = open(config(seed, backend, overrides), false)) {
            List<Double> losses = new ArrayList<>();
            while (run.hasNext()) {
                losses.add(run.step().loss());
            }
            return losses;
        }
    }

    private static TrainerConfig config(long seed, String backend, String... overrides) {
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=2",
                "parallelism.data_parallel_shard_degree=2", "parallelism.expert_parallel_degree=2",
                "training.seq_len=64", "training.local_batch_size=2", "training.steps=" + STEPS,
                "training.seed=" + seed, "runtime.timeout=20", "model.moe_comm_backend=" + backend));
        all.addAll(List.of(overrides));
        return new ConfigLoader(Plugins.load(List.of())).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
    }

    private static TrainingRun open(TrainerConfig config, boolean broken) {
        Registry registry = Plugins.load(List.of());
        BatchSource.Factory data = (rank, read) -> new Words(config, rank, broken && rank == 1);
        return Trainer.open(config, registry, RunOptions.threads(config).withData(data));
    }

    /** Random words, the same for the same seed and rank. */
    private static final class Words implements BatchSource {
        private final Random random;
        private final int count;
        private final boolean broken;
        private int step;

        Words(TrainerConfig config, int rank, boolean broken) {
            this.random = new Random(100 * config.training().seed() + rank);
            this.count = config.training().localBatchSize() * config.training().seqLen();
            this.broken = broken;
        }

        @Override
        public Batch next() {
            if (broken && ++step == BROKEN_STEP) {
                throw new IllegalStateException("the disk is on fire");
            }
            int[] ids = random.ints(count, 0, WORDS).toArray();
            int[] labels = new int[count];
            Arrays.setAll(labels, i -> (ids[i] + 1) % WORDS);
            return new Batch(ids, labels);
        }
    }
}
