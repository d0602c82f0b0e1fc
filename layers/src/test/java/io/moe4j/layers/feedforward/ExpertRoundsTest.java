package io.moe4j.layers.feedforward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import io.moe4j.comm.minimalasyncep.MinimalAsyncEpProvider;
import io.moe4j.comm.standard.StandardProvider;
import io.moe4j.layers.feedforward.ExpertRun.Case;
import io.moe4j.layers.feedforward.ExpertRun.Left;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The routed experts in rounds, against the same experts with room for the worst case: outputs, and gradients with respect to tokens and weights of the gate,
 * are equal in every bit; those with respect to parameters are equal in every bit with one round, and within the bound of another order with several.
 */
class ExpertRoundsTest {
    private static final int CASES = 24;
    private static final Set<String> KINDS = Set.of("experts.inputs", "experts.gate_up", "experts.hidden");

    @TestFactory
    Stream<DynamicTest> equalTheWorstCase() {
        return IntStream.range(0, CASES).mapToObj(seed -> {
            Random random = new Random(seed);
            int ranks = List.of(1, 2, 2, 4).get(random.nextInt(4));
            int experts = ranks * (1 + random.nextInt(3));
            int topK = 1 + random.nextInt(Math.min(4, experts));
            DType dtype = random.nextBoolean() ? DType.F32 : DType.BF16;
            CommConfig config = CommConfig.of(random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(40),
                    8L * (1 + random.nextInt(6)), experts, topK, dtype);
            int[][] ids = new int[ranks][];
            double skew = random.nextInt(5);
            Arrays.setAll(ids, rank -> ids(random, config, skew));
            long rows = 1 + random.nextInt((int) Math.max(1, config.worstCaseRows(ranks)));
            Case shape = new Case(config, 8 + random.nextInt(40), ids, 1 + random.nextInt(2), seed);
            boolean standard = random.nextBoolean();
            boolean recompute = !standard || random.nextBoolean();
            return dynamicTest("seed " + seed + ": " + config + ", " + ranks + " ranks, room for " + rows + " rows, "
                    + (standard ? "standard" : "minimal_async_ep"),
                    () -> check(shape, rows, provider(standard),
                            recompute, recompute ? kept(new Random(seed)) : Set.of()));
        });
    }

    @Test
    void everythingGoesToOneRankOneRowAtATime() throws InterruptedException {
        CommConfig config = CommConfig.of(9, 16, 4, 2, DType.BF16);
        int[][] ids = new int[2][];
        Arrays.setAll(ids, rank -> IntStream.range(0, 18).map(n -> n % 2).toArray());
        for (boolean standard : new boolean[] {true, false}) {
            check(new Case(config, 24, ids, 1, 77), 1, provider(standard), true, KINDS);
            check(new Case(config, 24, ids, 1, 77), 1, provider(standard), true, Set.of());
        }
    }

    @Test
    void expertsTakeNoMoreMemoryThanOneRound() throws InterruptedException {
        CommConfig config = CommConfig.of(256, 16, 4, 2, DType.F32);
        int[][] ids = new int[4][];
        Arrays.setAll(ids, rank -> IntStream.range(0, 512).map(n -> n % 2).toArray());
        Case shape = new Case(config, 64, ids, 1, 3);
        long worst = ExpertRun.run(shape, provider(false), true).getFirst().peakBytes();
        long bounded = ExpertRun.run(shape.with(inRounds(config, 128)), provider(false), true).getFirst().peakBytes();
        long activations = 3L * 64 * Float.BYTES;
        long saved = (config.worstCaseRows(4) - 128) * activations;
        long waiting = 512L * 16 * Float.BYTES;
        assertTrue(worst - bounded > saved - 2 * waiting,
                "the worst case takes " + worst + " bytes, a capacity of 128 rows "
                        + bounded + "; expert activations alone differ by " + saved);
    }

    private static void check(Case shape, long rows, CommBackendProvider provider, boolean recompute,
            Set<String> kept)
            throws InterruptedException {
        List<Left> whole = ExpertRun.run(shape, provider, recompute);
        List<Left> parts = ExpertRun.run(shape.keeping(kept).with(inRounds(shape.config(), rows)), provider,
                recompute);
        boolean oneRound = mostRows(shape) <= rows;
        for (int rank = 0; rank < shape.ranks(); rank++) {
            Left a = whole.get(rank);
            Left b = parts.get(rank);
            String at = " of rank " + rank;
            assertArrayEquals(bits(a.out()), bits(b.out()), "outputs" + at);
            assertArrayEquals(bits(a.dx()), bits(b.dx()), "gradients with respect to tokens" + at);
            assertArrayEquals(bits(a.dweights()), bits(b.dweights()), "gradients with respect to weights" + at);
            for (int i = 0; i < a.dparameters().length; i++) {
                double difference = Math.abs((double) a.dparameters()[i] - b.dparameters()[i]);
                if (!(difference <= (oneRound ? 0 : a.bound()[i]))) {
                    throw new AssertionError("gradient with respect to parameter element " + i + at + " is "
                            + b.dparameters()[i] + " in rounds and " + a.dparameters()[i] + " in one, "
                            + (oneRound ? "which it takes here" : "further apart than " + a.bound()[i]));
                }
            }
        }
    }

    /** Some of what can be kept. */
    private static Set<String> kept(Random random) {
        return KINDS.stream().sorted().filter(kind -> random.nextBoolean()).collect(Collectors.toSet());
    }

    private static CommBackendProvider provider(boolean standard) {
        return standard ? new StandardProvider() : new MinimalAsyncEpProvider();
    }

    private static CommConfig inRounds(CommConfig config, long rows) {
        double balanced = Math.max(1, config.routedRows());
        return config.withCapacity(ReceiveCapacity.factor((rows - 0.5) / balanced), OverflowAction.ROUNDS);
    }

    private static long mostRows(Case shape) {
        int perRank = shape.config().experts() / shape.ranks();
        return IntStream.range(0, shape.ranks()).mapToLong(rank -> Arrays.stream(shape.ids_TK())
                .flatMapToInt(Arrays::stream).filter(id -> id / perRank == rank).count()).max().orElse(0);
    }

    /** Distinct within a token; the larger the skew, the likelier are the first experts. */
    private static int[] ids(Random random, CommConfig config, double skew) {
        int[] ids = new int[(int) config.routedRows()];
        for (int token = 0; token < config.tokens(); token++) {
            int from = token * config.topK();
            for (int k = 0; k < config.topK();) {
                int expert = (int) (config.experts() * Math.pow(random.nextDouble(), 1 + skew));
                if (IntStream.range(from, from + k).noneMatch(n -> ids[n] == expert)) {
                    ids[from + k++] = expert;
                }
            }
        }
        return ids;
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }
}
