package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trainings whose exchanges are made in rounds, on one GPU: bit for bit what room for the worst case gives, however they are run. */
@Tag("gpu")
@Timeout(180)
final class RoundsGpuTest {
    private static final int WORDS = 2048;

    /**
     * What a training leaves.
     *
     * @param losses of each step
     * @param norms of each step
     * @param weights bits of each parameter of each rank
     * @param mostRounds that an exchange needed
     */
    private record Left(List<Double> losses, List<Double> norms, Map<String, List<Integer>> weights, long mostRounds) {}

    /** A step of Adam changes each parameter by its own gradient only, so that equal bits of a parameter say that its gradient was equal. */
    @ParameterizedTest(name = "EP {0}, {1}, capacity {2}")
    @CsvSource({"2,bfloat16,0.11", "2,float32,0.3", "4,bfloat16,0.11", "4,bfloat16,1.0", "4,float32,0.07"})
    void roundsGiveTheBitsOfTheWorstCase(int ranks, String dtype, String capacity) {
        Left whole = run(ranks, dtype, "training.steps=1");
        Left rounds = run(ranks, dtype, "training.steps=1", "moe.receive_capacity=" + capacity);
        assertEquals(1, Math.max(1, whole.mostRounds()));
        assertTrue(rounds.mostRounds() > 1 || capacity.equals("1.0"), "rounds: " + rounds.mostRounds());
        assertEquals(whole.losses(), rounds.losses());
        assertTrue(whole.weights().keySet().stream().anyMatch(name -> name.contains("experts")));
        whole.weights().forEach((name, bits) -> {
            if (!name.contains("experts")) {
                assertEquals(bits, rounds.weights().get(name), name);
            }
        });
    }

    /** More room than any exchange needs, and less than the worst case: one round, and every bit is that of the worst case. */
    @ParameterizedTest(name = "EP {0}, {1}")
    @CsvSource({"2,bfloat16,1.9", "4,bfloat16,2.6"})
    void oneRoundChangesNothing(int ranks, String dtype, String capacity) {
        Left whole = run(ranks, dtype);
        Left rounds = run(ranks, dtype, "moe.receive_capacity=" + capacity, "moe.force_load_balance=true");
        Left even = run(ranks, dtype, "moe.force_load_balance=true");
        assertEquals(1, rounds.mostRounds());
        assertEquals(even.losses(), rounds.losses());
        assertEquals(even.norms(), rounds.norms());
        assertEquals(even.weights(), rounds.weights());
        assertTrue(whole.losses().size() > 1);
    }

    /** Captured, eager, over collectives, in microbatches. */
    @ParameterizedTest(name = "EP {0}, {1}, capacity {2}")
    @CsvSource({"2,bfloat16,0.11", "4,bfloat16,1.0"})
    void howRoundsAreRunDoesNotMatter(int ranks, String dtype, String capacity) {
        String[] all = {"moe.receive_capacity=" + capacity, "training.gradient_accumulation_steps=2"};
        Left captured = run(ranks, dtype, all);
        assertSame(captured, run(ranks, dtype, all), "another time");
        assertSame(captured, run(ranks, dtype, with(all, "graph_capture.enable=false")), "eager");
        assertSame(captured, run(ranks, dtype,
                with(all, "graph_capture.enable=false", "model.moe_comm_backend=standard")), "standard");
    }

    private static void assertSame(Left expected, Left actual, String what) {
        assertEquals(expected.losses(), actual.losses(), what);
        assertEquals(expected.norms(), actual.norms(), what);
        assertEquals(expected.weights(), actual.weights(), what);
    }

    private static String[] with(String[] some, String... more) {
        List<String> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static Left run(int ranks, String dtype, String... overrides) {
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=" + ranks,
                "parallelism.data_parallel_shard_degree=" + ranks, "parallelism.expert_parallel_degree=" + ranks,
                "training.seq_len=64", "training.local_batch_size=2", "training.steps=4", "training.dtype=" + dtype,
                "training.max_norm=1e9", "runtime.timeout=20"));
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(Plugins.load(List.of())).load(
                "deepseek_v3_debugmodel_minimal_async_ep", Arguments.of(all.toArray(String[]::new)).overrides(),
                ConfigUse.training());
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        Map<String, List<Integer>> weights = new TreeMap<>();
        long mostRounds = 0;
        try (TrainingRun run = Trainer.open(config, Plugins.load(List.of()), RunOptions.threads(config)
                .withData((rank, read) -> {
                    Random random = new Random(rank);
                    return () -> batch(random, (int) config.training().localTokens() * config.microbatches());
                }))) {
            while (run.hasNext()) {
                StepResult step = run.step();
                losses.add(step.loss());
                norms.add(step.gradientNorm());
                mostRounds = Math.max(mostRounds, step.rounds().most());
            }
            run.session().onRanks(rank -> {
                rank.model().units().forEach(unit -> unit.read(unit.shard(), (parameter, from, values, count) -> {
                    List<Integer> bits = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        bits.add(Float.floatToRawIntBits(values[i]));
                    }
                    synchronized (weights) {
                        weights.put("rank " + rank.context().rank() + " " + parameter + " " + from, bits);
                    }
                }));
                return rank;
            });
        }
        return new Left(losses, norms, weights, mostRounds);
    }

    /** A few words are frequent, so that some experts are crowded. */
    private static Batch batch(Random random, int tokens) {
        int[] ids = random.ints(tokens + 1L, 0, WORDS).map(id -> id % 3 == 0 ? id : id % 7).toArray();
        int[] inputs = new int[tokens];
        int[] labels = new int[tokens];
        System.arraycopy(ids, 0, inputs, 0, tokens);
        System.arraycopy(ids, 1, labels, 0, tokens);
        return new Batch(inputs, labels);
    }
}
