package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Low-rank updates of dense and of expert matrices. */
final class LoraTest {
    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    private static final int RANK = 4;
    private static final double ALPHA = 6;
    private static final String ALL = "lora.rank=4 lora.alpha=6 lora.targets=all-linear ";
    /** Sums in another order, through three layers: as for the gradients of the goldens, relative to the largest value. */
    private static final double GRADIENTS = 1e-3;

    /**
     * With W' = W + s·B·A, a model whose matrices are W' has the gradients dW'. Then dA = s·Bᵀ·dW' and dB = s·dW'·Aᵀ: exact identities, which here are computed
     * in double precision.
     */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "qwen"})
    void gradientsAreProjectionsOfThoseOfTheWholeMatrix(String family) {
        UnaryOperator<ModelSpec> model = family.equals("qwen") ? Tiny::qwen : UnaryOperator.identity();
        String[] alone = words("ranks=1 parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1"
                + " moe.load_balance_coeff=0 graph_capture.enable=false");
        Map<String, float[]> values = new HashMap<>();
        Map<String, float[]> updates = new HashMap<>();
        List<String> modules = new ArrayList<>();
        try (TrainingRun run = Tiny.openOther(model, words(ALL + String.join(" ", alone)))) {
            run.session().onRanks(rank -> {
                fillRandomly(rank);
                values.putAll(read(rank, false));
                return rank;
            });
            run.step();
            run.session().onRanks(rank -> {
                updates.putAll(read(rank, true));
                rank.model().adapterNames().keySet().stream().filter(name -> name.endsWith(A))
                        .forEach(name -> modules.add(name.substring(PREFIX.length(), name.length() - A.length())));
                return rank;
            });
        }
        Map<String, float[]> whole = new HashMap<>();
        try (TrainingRun run = Tiny.openOther(model, alone)) {
            run.session().onRanks(rank -> {
                fillMerged(rank, values);
                return rank;
            });
            run.step();
            run.session().onRanks(rank -> {
                whole.putAll(read(rank, true));
                return rank;
            });
        }
        assertTrue(modules.size() > 20, modules.toString());
        modules.forEach(module -> {
            float[] a = values.get(PREFIX + module + A);
            float[] b = values.get(PREFIX + module + B);
            float[] dw = whole.get(module + ".weight");
            int in = a.length / RANK;
            int out = b.length / RANK;
            compare(module + ": dA", updates.get(PREFIX + module + A), (index) -> sum(out, o -> (double) b[o * RANK
                    + index / in] * dw[o * in + index % in]));
            compare(module + ": dB", updates.get(PREFIX + module + B), (index) -> sum(in, i -> (double) dw[index / RANK
                    * in + i] * a[index % RANK * in + i]));
        });
    }

    /** B is zero at first; then the updates learn, and nothing else changes by a bit. */
    @Test
    void beginsAsTheModelAndLeavesItAsItIs() {
        double first;
        try (TrainingRun whole = Tiny.open()) {
            first = whole.step().loss();
        }
        try (TrainingRun run = Tiny.open(words(ALL))) {
            Map<String, float[]> before = tensors(run, name -> true);
            List<Double> losses = Tiny.losses(run);
            Map<String, float[]> after = tensors(run, name -> true);
            assertEquals(first, losses.getFirst());
            assertTrue(losses.getLast() < losses.getFirst() - 0.05, losses.toString());
            before.forEach((name, values) -> {
                if (name.startsWith(PREFIX)) {
                    assertTrue(!Arrays.equals(values, after.get(name)), name + " has not changed");
                } else {
                    assertArrayEquals(values, after.get(name), name);
                }
            });
        }
    }

    /** The same training on other numbers of ranks agrees within the rounding of the sums. */
    @Test
    void numbersOfRanksAgree() {
        String common = ALL + "training.max_norm=1e9 training.steps=4 ";
        List<Double> four = losses(common);
        List<Double> two = losses(common + "ranks=2 parallelism.data_parallel_shard_degree=2"
                + " parallelism.expert_parallel_degree=2 training.local_batch_size=4");
        List<Double> replicas = losses(common + "ranks=4 parallelism.data_parallel_replicate_degree=2"
                + " parallelism.data_parallel_shard_degree=2 parallelism.expert_parallel_degree=1");
        List<Double> one = losses(common + "ranks=1 parallelism.data_parallel_shard_degree=1"
                + " parallelism.expert_parallel_degree=1 training.local_batch_size=8");
        for (int i = 0; i < four.size(); i++) {
            assertEquals(one.get(i), four.get(i), 1e-4 * one.get(i), "step " + (i + 1) + " on 4 ranks");
            assertEquals(one.get(i), two.get(i), 1e-4 * one.get(i), "step " + (i + 1) + " on 2 ranks");
            assertEquals(one.get(i), replicas.get(i), 1e-4 * one.get(i), "step " + (i + 1) + " on 2 replicas");
        }
    }

    /** Recompute, capture, exchange and rounds change no bit. */
    @Test
    void waysToRunAreEqualInEveryBit() {
        String common = ALL + "training.steps=3 ";
        List<Double> expected = losses(common);
        for (String other : List.of("activation_checkpoint.mode=budget activation_checkpoint.memory_budget=0.0001",
                "graph_capture.enable=false runtime.strict=true",
                "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none")) {
            assertEquals(expected, losses(common + other), other);
        }
    }

    /** Gradients of microbatches add up, also through rounds of experts. */
    @Test
    void microbatchesAddUp() {
        String common = ALL + "training.max_norm=1e9 training.steps=3 ";
        List<Double> once = losses(common);
        List<Double> twice = losses(common + "training.local_batch_size=1 training.gradient_accumulation_steps=2"
                + " moe.receive_capacity=1 moe.on_overflow=rounds");
        for (int i = 0; i < once.size(); i++) {
            assertEquals(once.get(i), twice.get(i), 1e-4 * once.get(i), "step " + (i + 1));
        }
    }

    /** Frozen parameters need no memory for gradients and moments, and are kept in the type of the computation; the plan shows that. */
    @Test
    void planIsWhatIsAllocated() {
        try (TrainingRun run = Tiny.open(words(ALL + "ranks=2 parallelism.data_parallel_shard_degree=2"
                + " parallelism.expert_parallel_degree=2 training.dtype=bfloat16"))) {
            long[] elements = new long[2];
            for (ParameterUnit unit : run.session().onRanks(rank -> rank.model().units()).getFirst()) {
                elements[unit.isFrozen() ? 0 : 1] += unit.shard().elements();
            }
            Map<String, Long> planned = run.session().memoryPlan().allocated();
            Map<String, Long> real = run.session().devices().get(0).allocatedBytes();
            assertTrue(elements[1] > 0 && elements[0] > elements[1], Arrays.toString(elements));
            assertEquals(2 * elements[0] + 4 * elements[1], planned.get("parameters"));
            assertEquals(4 * elements[1], planned.get("gradients"));
            assertEquals(8 * elements[1], planned.get("optimizer state"));
            // Two ranks on one device.
            for (String purpose : List.of("parameters", "gradients", "optimizer state")) {
                assertEquals(2 * planned.getOrDefault(purpose, 0L), real.get(purpose), purpose);
            }
        }
    }

    private static List<Double> losses(String overrides) {
        try (TrainingRun run = Tiny.open(words(overrides))) {
            return Tiny.losses(run);
        }
    }

    private static String[] words(String text) {
        return text.strip().split(" +");
    }

    private static Map<String, float[]> tensors(TrainingRun run, Predicate<String> names) {
        Map<String, float[]> values = new HashMap<>();
        run.tensors().shapes().keySet().stream().filter(names)
                .forEach(name -> values.put(name, run.tensors().read(name).values()));
        return values;
    }

    /** Makes some steps, so that B is not zero. */
    private static void fillRandomly(RankSession rank) {
        Random random = new Random(7);
        Map<String, float[]> drawn = new HashMap<>();
        rank.model().adapterNames().forEach((name, slice) -> {
            float[] values = new float[(int) slice.elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() / 8;
            }
            drawn.put(name, values);
        });
        write(rank, rank.model().adapterNames(), drawn);
    }

    private static void fillMerged(RankSession rank, Map<String, float[]> values) {
        Map<String, float[]> merged = new HashMap<>();
        rank.model().checkpointNames().forEach((name, slice) -> {
            float[] w = values.get(name).clone();
            String module = PREFIX + name.substring(0, name.length() - ".weight".length());
            float[] a = values.get(module + A);
            if (a != null) {
                float[] b = values.get(module + B);
                int in = a.length / RANK;
                for (int i = 0; i < w.length; i++) {
                    int at = i;
                    w[i] += (float) sum(RANK, k -> (double) b[at / in * RANK + k] * a[k * in + at % in]);
                }
            }
            merged.put(name, w);
        });
        write(rank, rank.model().checkpointNames(), merged);
    }

    private static void write(RankSession rank, Map<String, ParameterSlice> names, Map<String, float[]> values) {
        for (ParameterUnit unit : rank.model().units()) {
            if (names.values().stream().anyMatch(slice -> unit.parameters().contains(slice.parameter()))) {
                unit.write(unit.shard(), (parameter, from, into, count) -> names.forEach((name, slice) -> {
                    if (slice.parameter().equals(parameter)) {
                        for (int i = 0; i < count; i++) {
                            long at = from + i - slice.from();
                            if (at >= 0 && at < slice.elements()) {
                                into[i] = values.get(name)[(int) at];
                            }
                        }
                    }
                }));
            }
        }
        rank.context().stream().synchronize();
    }

    /** Values of all parameters, or gradients of the trained ones, on a rank that has all of them. */
    private static Map<String, float[]> read(RankSession rank, boolean gradients) {
        Model model = rank.model();
        Map<String, ParameterSlice> names = new HashMap<>(model.checkpointNames());
        names.putAll(model.adapterNames());
        Map<String, float[]> read = new HashMap<>();
        for (ParameterUnit unit : model.units()) {
            if (!gradients || !unit.isFrozen()) {
                unit.read(gradients ? unit.gradientShard() : unit.shard(),
                        (parameter, from, values, count) -> names.forEach((name, slice) -> {
                            if (slice.parameter().equals(parameter)) {
                                float[] into = read.computeIfAbsent(name,
                                        ignored -> new float[(int) slice.elements()]);
                                for (int i = 0; i < count; i++) {
                                    long at = from + i - slice.from();
                                    if (at >= 0 && at < into.length) {
                                        into[(int) at] = values[i];
                                    }
                                }
                            }
                        }));
            }
        }
        return read;
    }

    private static void compare(String what, float[] actual, java.util.function.IntToDoubleFunction expected) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < actual.length; i++) {
            double value = expected.applyAsDouble(i);
            largest = Math.max(largest, Math.abs(value));
            difference = Math.max(difference, Math.abs(value - actual[i]));
        }
        assertTrue(difference <= GRADIENTS * largest, what + " differs by " + difference + " of " + largest);
    }

    /** s · Σ of {@code count} terms. */
    private static double sum(int count, java.util.function.IntToDoubleFunction term) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += term.applyAsDouble(i);
        }
        return ALPHA / RANK * sum;
    }
}
