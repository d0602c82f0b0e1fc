package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Cases of cross-entropy and its gradient. One row has equal logits, one has logits near a thousand, one a single large logit. Some labels, or all, do not
 * count.
 *
 * @param tokens T
 * @param words V
 * @param type element type of the logits
 * @param layout layout of the logits
 */
record LossCases(int tokens, int words, DType type, Layout layout) {
    private static final float SCALE = 0.125f;
    private static final double BEFORE = 1.5;

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        int[][] shapes = {{0, 4}, {1, 1}, {33, 50}, {20, 2048}, {8, 1001}, {700, 512}, {2, 102_400}, {3, 129_280}};
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED)) {
                for (int[] s : shapes) {
                    cases.add(new OpCase("cross-entropy (" + s[0] + ", " + s[1] + ") " + type + " " + layout,
                            new LossCases(s[0], s[1], type, layout)::prepare));
                }
            }
            for (int every : new int[] {1, 2, 5}) {
                cases.add(new LossCases(20, 2048, type, Layout.DENSE).ignoring(every));
                cases.add(new LossCases(33, 50, type, Layout.SHIFTED).ignoring(every));
                cases.add(new LossCases(700, 512, type, Layout.DENSE).ignoring(every));
            }
            for (int words : new int[] {50, 64}) {
                cases.add(notANumber(type, words));
                cases.add(notANumberIgnored(type, words));
            }
        }
        return cases;
    }

    private double[] logits() {
        double[] logits = DoubleElements.random(type, (long) tokens * words, 8, 1);
        for (int i = 0; i < logits.length; i++) {
            double value = switch (i / words) {
                case 1 -> 3;
                case 2 -> 1000 + logits[i];
                case 3 -> i % words == words / 2 ? 60 : logits[i];
                default -> logits[i];
            };
            logits[i] = Rounding.to(type, value);
        }
        return logits;
    }

    private int[] labels() {
        return new Random(2).ints(tokens, 0, words).toArray();
    }

    /** Labels of which one in {@code every} does not count. */
    private OpCase ignoring(int every) {
        int[] labels = labels();
        for (int t = 0; t < tokens; t += every) {
            labels[t] = LossOps.IGNORED_LABEL;
        }
        return new OpCase("cross-entropy (" + tokens + ", " + words + ") " + type + " " + layout + ", one label of "
                + every + " ignored", bench -> prepare(bench, logits(), labels));
    }

    private OpCall prepare(OpBench bench) {
        return prepare(bench, logits(), labels());
    }

    private OpCall prepare(OpBench bench, double[] given, int[] targets) {
        Operand logits = bench.of(type, layout, given, tokens, words);
        Operand labels = bench.ints(targets, tokens);
        Operand rows = bench.blank(F32, Layout.DENSE, tokens);
        Operand loss = bench.of(F32, Layout.DENSE, new double[] {BEFORE}, 1);
        return new OpCall(() -> bench.ops().loss().crossEntropy(bench.stream(), logits.tensor(), labels.tensor(), SCALE,
                rows.tensor(), loss.tensor()), List.of(logits, rows, loss),
                () -> expected(labels.values(), logits, rows, loss));
    }

    private List<Expected> expected(double[] labels, Operand logits, Operand rows, Operand loss) {
        double[] values = logits.values();
        Approx[] gradient = new Approx[values.length];
        Approx[] rowLoss = new Approx[tokens];
        Sum total = new Sum();
        for (int t = 0; t < tokens; t++) {
            if ((int) labels[t] == LossOps.IGNORED_LABEL) {
                Arrays.fill(gradient, t * words, (t + 1) * words, Approx.exact(0));
                rowLoss[t] = Approx.exact(0);
                continue;
            }
            double[] row = Arrays.copyOfRange(values, t * words, (t + 1) * words);
            Approx top = Approx.exact(Arrays.stream(row).max().orElseThrow());
            Sum sum = new Sum();
            for (double x : row) {
                sum.add(Approx.exact(x).minus(top).exp());
            }
            Approx logarithm = sum.result().log().plus(top);
            int label = (int) labels[t];
            for (int v = 0; v < words; v++) {
                Approx probability = Approx.exact(row[v]).minus(logarithm).exp();
                gradient[t * words + v] = (v == label ? probability.plus(-1) : probability).times(SCALE);
            }
            rowLoss[t] = logarithm.minus(Approx.exact(row[label]));
            total.add(rowLoss[t].times(SCALE));
        }
        return List.of(Expected.close("gradient", logits, gradient), Expected.close("row losses", rows, rowLoss),
                Expected.close("loss", loss, new Approx[] {total.result().plus(BEFORE)}));
    }

    /** A NaN among the logits of one row makes its loss, its gradient and the sum NaN, and affects no other row. */
    private static OpCase notANumber(DType type, int words) {
        return notANumber("cross-entropy of NaN " + type + ", " + words + " words", type, words,
                new int[] {0, 1, 2, 3, 4, 5});
    }

    /** A NaN among the logits of a token whose label does not count affects no result. */
    private static OpCase notANumberIgnored(DType type, int words) {
        return notANumber("cross-entropy of NaN, ignored " + type + ", " + words + " words", type, words,
                new int[] {0, 1, 2, 3, LossOps.IGNORED_LABEL, 5});
    }

    private static OpCase notANumber(String name, DType type, int words, int[] labels) {
        return new OpCase(name, bench -> {
            LossCases shape = new LossCases(6, words, type, Layout.DENSE);
            double[] values = shape.logits();
            values[4 * shape.words + 17] = Double.NaN;
            return shape.prepare(bench, values, labels);
        });
    }
}
