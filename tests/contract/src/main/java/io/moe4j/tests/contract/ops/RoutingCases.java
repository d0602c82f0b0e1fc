package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.F32;
import static io.moe4j.api.tensor.DType.I32;

import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Cases of the gate.
 *
 * @param tokens T
 * @param experts E
 * @param gate how the gate scores and selects
 */
record RoutingCases(int tokens, int experts, Gate gate) {
    private static final double LOGIT_SIZE = 4;

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        Stream.of(new RoutingCases(1, 1, new Gate(Score.SOFTMAX, 1, 1, 1, false, 1)),
                new RoutingCases(0, 8, new Gate(Score.SOFTMAX, 2, 1, 1, true, 1)),
                new RoutingCases(65, 8, new Gate(Score.SOFTMAX, 3, 1, 1, false, 1)),
                new RoutingCases(40, 160, new Gate(Score.SOFTMAX, 6, 8, 3, false, 16)),
                new RoutingCases(64, 256, new Gate(Score.SIGMOID, 8, 8, 4, true, 2.5f)),
                new RoutingCases(30, 16, new Gate(Score.SIGMOID, 4, 4, 2, true, 2.5f)),
                new RoutingCases(40, 160, new Gate(Score.SOFTMAX, 6, 8, 3, false, 16, GroupValue.LARGEST)),
                new RoutingCases(30, 16, new Gate(Score.SIGMOID, 4, 4, 2, true, 2.5f, GroupValue.LARGEST)),
                new RoutingCases(9, 6, new Gate(Score.SIGMOID, 2, 6, 3, false, 1, GroupValue.LARGEST)),
                new RoutingCases(20, 20, new Gate(Score.SOFTMAX, 5, 1, 1, true, 1)),
                new RoutingCases(9, 6, new Gate(Score.SIGMOID, 6, 6, 6, false, 1)),
                new RoutingCases(9, 6, new Gate(Score.SIGMOID, 2, 6, 3, false, 1)),
                new RoutingCases(9, 5, new Gate(Score.SIGMOID, 5, 1, 1, true, 1)),
                new RoutingCases(300, 64, new Gate(Score.SOFTMAX, 6, 1, 1, false, 1)))
                .forEach(shape -> shape.addTo(cases));
        cases.add(atTheEnds(Score.SOFTMAX));
        cases.add(atTheEnds(Score.SIGMOID));
        cases.add(ties());
        cases.add(tiesBeside(new RoutingCases(48, 256, new Gate(Score.SIGMOID, 8, 8, 4, true, 2.5f))));
        cases.add(tiesBeside(
                new RoutingCases(48, 160, new Gate(Score.SOFTMAX, 6, 8, 3, false, 16, GroupValue.LARGEST))));
        cases.add(tiesBeside(new RoutingCases(48, 64, new Gate(Score.SOFTMAX, 6, 1, 1, false, 1))));
        cases.add(notNumbers(new RoutingCases(48, 24, new Gate(Score.SIGMOID, 5, 6, 3, true, 1))));
        cases.add(notNumbers(new RoutingCases(48, 24, new Gate(Score.SIGMOID, 5, 6, 2, true, 1, GroupValue.LARGEST))));
        cases.add(notNumbers(new RoutingCases(48, 70, new Gate(Score.SOFTMAX, 6, 1, 1, false, 1))));
        cases.add(roundRobin());
        cases.add(bias("even", 0.1f, 5, 5, 5));
        cases.add(bias("four", 0.5f, 9, 1, 2, 4));
        cases.add(bias("unused", 0.001f, 0, 0, 0, 0, 0));
        // Means that fp32 cannot hold exactly: 16,777,217, and 700,000,001 and two thirds.
        cases.add(bias("large", 0.1f, 16_777_217, 16_777_216, 16_777_218));
        cases.add(bias("uneven", 0.1f, 700_000_001, 700_000_002, 700_000_002));
        cases.add(addCounts("two", new int[] {3, 1}, new int[] {2, 2}));
        cases.add(addCounts("many", IntStream.range(0, 1500).toArray(), IntStream.range(7, 1507).toArray()));
        return cases;
    }

    private void addTo(List<OpCase> cases) {
        String what = " " + tokens + " tokens, " + experts + " experts, " + gate;
        cases.add(new OpCase("scores" + what, bench -> scores(bench,
                DoubleElements.random(F32, (long) tokens * experts, LOGIT_SIZE, 1))));
        cases.add(new OpCase("select" + what, this::select));
        cases.add(new OpCase("weights" + what, this::weights));
        cases.add(new OpCase("weights' gradient" + what, this::backward));
    }

    private GateDefinition definition() {
        return new GateDefinition(gate, experts);
    }

    private double[] row(double[] all, int token, int width) {
        return Arrays.copyOfRange(all, token * width, (token + 1) * width);
    }

    private Approx[] rows(IntFunction<Approx[]> row) {
        return IntStream.range(0, tokens).mapToObj(row).flatMap(Arrays::stream).toArray(Approx[]::new);
    }

    /** Scores as the gate computes them. Later operations are tested on the same scores, so that errors do not accumulate. */
    private Operand scoresOf(OpBench bench) {
        double[] logits = DoubleElements.random(F32, (long) tokens * experts, LOGIT_SIZE, 1);
        return bench.of(F32, Layout.DENSE, Arrays.stream(rows(t -> definition().scores(row(logits, t, experts))))
                .mapToDouble(Approx::value).toArray(), tokens, experts);
    }

    private int[] ids(double[] scores, double[] bias) {
        return IntStream.range(0, tokens)
                .flatMap(t -> Arrays.stream(definition().select(row(scores, t, experts), bias)))
                .toArray();
    }

    private static int[] chosen(double[] ids) {
        return Arrays.stream(ids).mapToInt(id -> (int) id).toArray();
    }

    private OpCall scores(OpBench bench, double... values) {
        Operand logits = bench.of(F32, Layout.DENSE, values, tokens, experts);
        Operand scores = bench.blank(F32, Layout.DENSE, tokens, experts);
        return new OpCall(
                () -> bench.ops().routing().scores(bench.stream(), gate, logits.tensor(), scores.tensor()),
                List.of(scores), () -> List.of(Expected.close("scores", scores,
                        rows(t -> definition().scores(row(logits.values(), t, experts))))));
    }

    private OpCall select(OpBench bench) {
        return select(bench, scoresOf(bench), DoubleElements.random(F32, experts, 0.05, 2));
    }

    private OpCall select(OpBench bench, Operand scores, double... biases) {
        Operand bias = bench.of(F32, Layout.DENSE, biases, experts);
        Operand ids = bench.blank(I32, Layout.DENSE, tokens, gate.topK());
        return new OpCall(() -> bench.ops().routing().select(bench.stream(), gate, scores.tensor(), bias.tensor(),
                ids.tensor()), List.of(ids),
                () -> List.of(Expected.same("ids", ids,
                        IntStream.of(ids(scores.values(), bias.values())).asDoubleStream().toArray())));
    }

    private Operand selected(OpBench bench, Operand scores) {
        return bench.ints(ids(scores.values(), DoubleElements.random(F32, experts, 0.05, 2)), tokens, gate.topK());
    }

    private OpCall weights(OpBench bench) {
        Operand scores = scoresOf(bench);
        Operand ids = selected(bench, scores);
        Operand weights = bench.blank(F32, Layout.DENSE, tokens, gate.topK());
        return new OpCall(() -> bench.ops().routing().weights(bench.stream(), gate, scores.tensor(), ids.tensor(),
                weights.tensor()), List.of(weights),
                () -> List.of(Expected.close("weights", weights,
                        rows(t -> definition().weights(row(scores.values(), t, experts),
                                chosen(row(ids.values(), t, gate.topK())))))));
    }

    private OpCall backward(OpBench bench) {
        Operand scores = scoresOf(bench);
        Operand ids = selected(bench, scores);
        Operand dweights = bench.of(F32, Layout.DENSE, DoubleElements.random(F32, (long) tokens * gate.topK(), 3),
                tokens,
                gate.topK());
        Operand dlogits = bench.blank(F32, Layout.DENSE, tokens, experts);
        RoutingOps routing = bench.ops().routing();
        return new OpCall(() -> routing.backward(bench.stream(), gate, scores.tensor(), ids.tensor(), dweights.tensor(),
                dlogits.tensor()), List.of(dlogits),
                () -> List.of(Expected.close("dlogits", dlogits,
                        rows(t -> definition().gradient(row(scores.values(), t, experts),
                                row(dweights.values(), t, gate.topK()),
                                chosen(row(ids.values(), t, gate.topK())))))));
    }

    /** Logits whose exponentials overflow. */
    private static OpCase atTheEnds(Score score) {
        RoutingCases shape = new RoutingCases(2, 8, new Gate(score, 2, 1, 1, false, 1));
        return new OpCase("scores at the ends " + score, bench -> shape.scores(bench, -1000, 0, 80, -80, 30, -30, 1, 2,
                1000, 999, 998, -1000, 0, 900, 990, 1000));
    }

    /** Equal scores within and across groups. */
    private static OpCase ties() {
        RoutingCases shape = new RoutingCases(60, 24, new Gate(Score.SIGMOID, 5, 6, 3, false, 1));
        double[] scores = new Random(3).ints(60 * 24, 0, 3).mapToDouble(n -> n / 4.0).toArray();
        return new OpCase("select with ties",
                bench -> shape.select(bench, bench.of(F32, Layout.DENSE, scores, 60, 24), new double[24]));
    }

    /** Up to t mod 8 scores of token t are NaN, anywhere in its row. These experts come first, by index. */
    private static OpCase notNumbers(RoutingCases shape) {
        Random random = new Random(5);
        double[] scores = random.doubles((long) shape.tokens * shape.experts).toArray();
        for (int t = 0; t < shape.tokens; t++) {
            for (int i = 0; i < t % 8; i++) {
                scores[t * shape.experts + random.nextInt(shape.experts)] = Double.NaN;
            }
        }
        return new OpCase("select with NaN, " + shape.experts + " experts, " + shape.gate,
                bench -> shape.select(bench,
                        bench.of(F32, Layout.DENSE, scores, shape.tokens, shape.experts), new double[shape.experts]));
    }

    /** Scores that are equal only with the bias: 3/4 − 1/4 and 1/4 + 1/4. Five levels, so that experts and groups tie for the last place that is chosen. */
    private static OpCase tiesBeside(RoutingCases shape) {
        Random random = new Random(4);
        double[] bias = random.ints(shape.experts, -2, 3).mapToDouble(n -> n / 8.0).toArray();
        double[] scores = IntStream.range(0, shape.tokens * shape.experts)
                .mapToDouble(i -> (4 + random.nextInt(random.nextInt(5) + 1)) / 8.0 - bias[i % shape.experts])
                .toArray();
        return new OpCase("select with ties beside a bias, " + shape.experts + " experts, " + shape.gate,
                bench -> shape.select(bench,
                        bench.of(F32, Layout.DENSE, scores, shape.tokens, shape.experts), bias));
    }

    private static OpCase roundRobin() {
        Gate gate = new Gate(Score.SOFTMAX, 3, 1, 1, false, 1);
        return new OpCase("select round robin", bench -> {
            Operand ids = bench.blank(I32, Layout.DENSE, 50, 3);
            return new OpCall(() -> bench.ops().routing().selectRoundRobin(bench.stream(), gate, 8, ids.tensor()),
                    List.of(ids), () -> List.of(Expected.same("ids", ids,
                            IntStream.range(0, 150).mapToDouble(n -> n % 8).toArray())));
        });
    }

    /** totals += counts: the example of the kernel, and more experts than a block has threads. */
    private static OpCase addCounts(String name, int[] counts, int[] totals) {
        return new OpCase("sum of counts " + name, bench -> {
            Operand count = bench.ints(counts, counts.length);
            Operand total = bench.ints(totals, totals.length);
            return new OpCall(
                    () -> bench.ops().routing().addCounts(bench.stream(), count.tensor(), total.tensor()),
                    List.of(total), () -> List.of(Expected.same("totals", total,
                            IntStream.range(0, counts.length).mapToDouble(e -> counts[e] + totals[e]).toArray())));
        });
    }

    /** bias += δ − mean(δ), δ = coefficient · sign(mean(counts) − counts). */
    private static OpCase bias(String name, float coefficient, int... counts) {
        int experts = counts.length;
        return new OpCase("bias update " + name, bench -> {
            Operand count = bench.ints(counts, experts);
            Operand bias = bench.of(F32, Layout.DENSE, DoubleElements.random(F32, experts, 1), experts);
            return new OpCall(() -> bench.ops().routing().updateBias(bench.stream(), count.tensor(), bias.tensor(),
                    coefficient), List.of(bias), () -> {
                        long total = IntStream.of(counts).asLongStream().sum();
                        double[] signs = IntStream.of(counts)
                                .mapToDouble(c -> Long.signum(total - (long) experts * c)).toArray();
                        Sum sum = new Sum();
                        Arrays.stream(signs).forEach(sign -> sum.add(Approx.exact(sign).times(coefficient)));
                        Approx mean = sum.result().over(Approx.exact(experts));
                        Approx[] biases = Approx.exact(bias.values());
                        Arrays.setAll(biases, e -> biases[e]
                                .plus(Approx.exact(signs[e]).times(coefficient).minus(mean)));
                        return List.of(Expected.close("bias", bias, biases));
                    });
        });
    }
}
