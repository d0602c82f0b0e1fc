package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trainings whose exchanges are made in rounds, on one GPU, have the bits of trainings with room for the worst case, however they are run. */
@Tag("gpu")
@Timeout(180)
final class RoundsGpuTest {
    /** Of steps whose routing changes: which part of the tokens is one word, whose experts are then crowded. */
    private static final List<Double> CROWDS = List.of(0.0, 1.0, 0.5, 0.0, 0.8, 0.2, 1.0, 0.0);

    /**
     * The results of a training.
     *
     * @param losses of each step
     * @param norms of each step
     * @param weights bits of each parameter of each rank
     * @param gradients of the last step, of each parameter of each rank
     * @param outputs of each block of each rank for the tokens of a first batch, with the weights of the end
     * @param rounds the most that an exchange of a step needed, of each step
     */
    private record Left(List<Double> losses, List<Double> norms, Map<String, IntBuffer> weights,
            Map<String, IntBuffer> gradients, Map<String, IntBuffer> outputs, List<Long> rounds) {

        long mostRounds() {
            return Collections.max(rounds);
        }
    }

    /**
     * Outputs of all blocks, and gradients of all parameters but those of experts, have equal bits. Gradients of experts are sums over the rows of at most
     * 4 · 128 tokens with at most 3 experts each, n &lt; 2¹¹ products in single precision. In another order they differ by some n · 2⁻²⁴ &lt; 2⁻¹³ of the sum
     * of magnitudes, which is some √n &lt; 2⁶ times the sum itself where signs are random; rounding errors are random too, so that 2⁻¹⁰ of the length of the
     * whole gradient holds. {@code ExpertRoundsTest} has the bound of each element. In the first step, weights are equal between ranks and runs.
     */
    @ParameterizedTest(name = "EP {0}, {1}, capacity {2}")
    @CsvSource({"2,bfloat16,0.11", "2,float32,0.3", "4,bfloat16,0.11", "4,bfloat16,1.0", "4,float32,0.07"})
    void roundsGiveTheBitsOfTheWorstCase(int ranks, String dtype, String capacity) {
        // A learning rate so small that weights do not change, so that outputs at the end can be compared.
        String[] one = {"training.steps=1", "optimizer.lr=1e-30"};
        Left whole = run(ranks, dtype, one);
        Left rounds = run(ranks, dtype, with(one, "moe.receive_capacity=" + capacity));
        assertEquals(1, Math.max(1, whole.mostRounds()));
        assertTrue(rounds.mostRounds() > 1 || capacity.equals("1.0"), "rounds: " + rounds.mostRounds());
        assertEquals(whole.losses(), rounds.losses());
        assertEquals(whole.outputs(), rounds.outputs(), "outputs of blocks");
        assertTrue(
                whole.outputs().size() > ranks && whole.outputs().values().stream().allMatch(RoundsGpuTest::isFinite));
        assertTrue(whole.gradients().keySet().stream().anyMatch(name -> name.contains("experts")));
        whole.gradients().forEach((name, values) -> {
            IntBuffer others = rounds.gradients().get(name);
            if (name.contains("experts")) {
                double difference = length(IntStream.range(0, values.limit())
                        .mapToDouble(i -> (double) value(values, i) - value(others, i)));
                double length = length(IntStream.range(0, values.limit()).mapToDouble(i -> value(values, i)));
                // Where gradients are stored in bf16, each is rounded once more: two that are almost equal may be an ulp, 2⁻⁷, apart.
                double bound = Math.scalb(length, -10) + (dtype.equals("float32") ? 0 : Math.scalb(length, -7));
                assertTrue(difference <= bound, name + ": gradients are " + difference + " apart, above " + bound);
            } else {
                assertEquals(values, others, name);
            }
        });
    }

    private static double length(DoubleStream values) {
        return Math.sqrt(values.map(value -> value * value).sum());
    }

    private static float value(IntBuffer bits, int index) {
        return Float.intBitsToFloat(bits.get(index));
    }

    private static boolean isFinite(IntBuffer bits) {
        return IntStream.range(0, bits.limit()).allMatch(i -> Float.isFinite(value(bits, i)));
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
        assertEquals(even.gradients(), rounds.gradients());
        assertEquals(even.outputs(), rounds.outputs());
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

    /**
     * The number of rounds changes from step to step, and the captured step makes those that it needs: bits of an eager step, which enqueues all that there
     * can be, and losses and outputs of the worst case. The last training runs beside another session.
     */
    @ParameterizedTest(name = "EP {0}, {1}, capacity {2}, {3}")
    @CsvSource({"2,bfloat16,0.3,2,activation_checkpoint.mode=full",
            "4,bfloat16,0.4,4,training.gradient_accumulation_steps=2",
            "4,float32,1.9,2,activation_checkpoint.mode=budget", "4,bfloat16,0.6,3,activation_checkpoint.mode=budget"})
    void capturedStepsMakeTheRoundsThatTheyNeed(int ranks, String dtype, String capacity, int numbers, String how)
            throws Exception {
        String[] one = {"optimizer.lr=1e-30", "training.steps=" + CROWDS.size(), how};
        String[] all = with(one, "moe.receive_capacity=" + capacity);
        Left captured = run(CROWDS, ranks, dtype, all);
        assertTrue(captured.rounds().stream().distinct().count() >= numbers, "rounds: " + captured.rounds());
        Left eager = run(CROWDS, ranks, dtype, with(all, "graph_capture.enable=false"));
        assertSame(eager, captured, "eager");
        assertEquals(eager.rounds(), captured.rounds());
        Left whole = run(CROWDS, ranks, dtype, one);
        assertEquals(whole.losses(), captured.losses());
        assertEquals(whole.outputs(), captured.outputs());
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<Left> first = threads.submit(() -> run(CROWDS, ranks, dtype, all));
            Future<Left> second = threads.submit(() -> run(CROWDS, 2, dtype, all));
            assertSame(captured, first.get(), "beside another session");
            assertFalse(second.get().losses().isEmpty());
        }
    }

    private static void assertSame(Left expected, Left actual, String what) {
        assertEquals(expected.losses(), actual.losses(), what);
        assertEquals(expected.norms(), actual.norms(), what);
        assertEquals(expected.weights(), actual.weights(), what);
        assertEquals(expected.gradients(), actual.gradients(), what);
        assertEquals(expected.outputs(), actual.outputs(), what);
    }

    private static String[] with(String[] some, String... more) {
        List<String> all = new ArrayList<>(List.of(some));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static Left run(int ranks, String dtype, String... overrides) {
        return run(List.of(), ranks, dtype, overrides);
    }

    /** @param crowds of each step; empty for steps that are alike */
    private static Left run(List<Double> crowds, int ranks, String dtype, String... overrides) {
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
        Map<String, IntBuffer> weights = new TreeMap<>();
        Map<String, IntBuffer> gradients = new TreeMap<>();
        Map<String, IntBuffer> outputs = new TreeMap<>();
        List<Long> rounds = new ArrayList<>();
        try (TrainingRun run = Trainer.open(config, Plugins.load(List.of()), RunOptions.threads(config)
                .withData((rank, read) -> {
                    Random random = new Random(rank);
                    int tokens = (int) config.training().localTokens() * config.microbatches();
                    Iterator<Double> crowd = crowds.iterator();
                    return () -> crowds.isEmpty() ? FrequentWords.batch(random, tokens)
                            : crowded(random, tokens, crowd.next());
                }))) {
            while (run.hasNext()) {
                StepResult step = run.step();
                losses.add(step.loss());
                norms.add(step.gradientNorm());
                rounds.add(step.rounds().most());
            }
            run.session().onRanks(rank -> {
                String who = "rank " + rank.context().rank() + " ";
                rank.model().units().forEach(unit -> {
                    unit.read(unit.shard(), (parameter, from, values, count) -> put(weights,
                            who + parameter + " " + from, Arrays.copyOf(values, count)));
                    unit.read(unit.gradientShard(), (parameter, from, values, count) -> put(gradients,
                            who + parameter + " " + from, Arrays.copyOf(values, count)));
                });
                BlockOutputs.of(rank, FrequentWords.batch(new Random(5), (int) config.training().localTokens()).ids_T())
                        .forEach((block, values) -> put(outputs, who + block, values));
                return rank;
            });
        }
        return new Left(losses, norms, weights, gradients, outputs, rounds);
    }

    private static void put(Map<String, IntBuffer> all, String name, float[] values) {
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        synchronized (all) {
            all.put(name, IntBuffer.wrap(bits));
        }
    }

    private static Batch crowded(Random random, int tokens, double part) {
        return new Batch(
                random.ints(tokens, 0, FrequentWords.WORDS).map(id -> random.nextDouble() < part ? 7 : id).toArray(),
                random.ints(tokens, 0, FrequentWords.WORDS).toArray());
    }
}
