package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Cases of table look-up and its gradient.
 *
 * @param tokens T
 * @param words V
 * @param dim D
 * @param type element type of table and rows; the gradient is F32
 * @param layout layout of table and rows
 */
record EmbeddingCases(int tokens, int words, int dim, DType type, Layout layout) {

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        // Among them: a word that all tokens have, words of more and of fewer tokens than a warp has lanes, words without tokens.
        int[][] shapes = {{0, 5, 8}, {7, 3, 1}, {100, 1, 24}, {100, 17, 130}, {500, 9, 40}, {50, 1000, 72},
                {33, 2, 2056}, {3000, 5000, 16}, {8192, 3, 128}, {20_000, 90, 77},
                {40_000, 5, 8}};
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED)) {
                for (int[] s : shapes) {
                    EmbeddingCases shape = new EmbeddingCases(s[0], s[1], s[2], type, layout);
                    String what = " of " + s[0] + " in (" + s[1] + ", " + s[2] + ") " + type + " " + layout;
                    cases.add(new OpCase("embedding" + what, shape::forward));
                    cases.add(new OpCase("embedding gradient" + what, bench -> shape.backward(bench, false)));
                    cases.add(new OpCase("embedding gradient, added" + what, bench -> shape.backward(bench, true)));
                    int first = s[1] / 3;
                    int rows = Math.max(1, s[1] / 2);
                    cases.add(new OpCase("embedding gradient of " + rows + " rows from " + first + what,
                            bench -> shape.backwardRows(bench, first, rows)));
                }
            }
        }
        return cases;
    }

    private Operand ids(OpBench bench) {
        return bench.ints(new Random(tokens).ints(tokens, 0, words).toArray(), tokens);
    }

    private OpCall forward(OpBench bench) {
        Operand ids = ids(bench);
        Operand table = bench.of(type, layout, DoubleElements.random(type, (long) words * dim, 1), words, dim);
        Operand out = bench.blank(type, layout, tokens, dim);
        return new OpCall(
                () -> bench.ops().embedding().forward(bench.stream(), ids.tensor(), table.tensor(), out.tensor()),
                List.of(out), () -> {
                    double[] row = ids.values();
                    double[] values = table.values();
                    double[] rows = new double[tokens * dim];
                    Arrays.setAll(rows, i -> values[((int) row[i / dim]) * dim + i % dim]);
                    return List.of(Expected.same("rows", out, rows));
                });
    }

    /** A device may leave this out. */
    private OpCall backwardRows(OpBench bench, int first, int rows) {
        Operand ids = ids(bench);
        Operand dout = bench.of(type, layout, DoubleElements.random(type, (long) tokens * dim, 1), tokens, dim);
        Operand dtable = bench.of(F32, layout, DoubleElements.random(F32, (long) rows * dim, 2), rows, dim);
        Optional<Tensor> workspace = bench.workspace(bench.device().workspaceSizes().embeddingBackward(tokens, rows));
        boolean has = bench.ops().embedding().hasBackwardRows();
        return new OpCall(() -> {
            if (has) {
                bench.ops().embedding().backwardRows(bench.stream(), ids.tensor(), dout.tensor(), first,
                        dtable.tensor(), workspace);
            }
        }, List.of(dtable), () -> {
            double[] row = ids.values();
            double[] gradients = dout.values();
            double[] before = dtable.values();
            Sum[] sums = new Sum[rows * dim];
            Arrays.setAll(sums, i -> new Sum());
            for (int i = 0; has && i < gradients.length; i++) {
                int v = (int) row[i / dim] - first;
                if (v >= 0 && v < rows) {
                    sums[v * dim + i % dim].add(gradients[i]);
                }
            }
            Approx[] expected = new Approx[sums.length];
            Arrays.setAll(expected, i -> sums[i].result().plus(before[i]));
            return List.of(Expected.close("dtable", dtable, expected));
        });
    }

    private OpCall backward(OpBench bench, boolean accumulate) {
        Operand ids = ids(bench);
        Operand dout = bench.of(type, layout, DoubleElements.random(type, (long) tokens * dim, 1), tokens, dim);
        Operand dtable = accumulate
                ? bench.of(F32, layout, DoubleElements.random(F32, (long) words * dim, 2), words, dim)
                : bench.blank(F32, layout, words, dim);
        Optional<Tensor> workspace = bench
                .workspace(bench.device().workspaceSizes().embeddingBackward(tokens, words));
        return new OpCall(() -> bench.ops().embedding().backward(bench.stream(), ids.tensor(), dout.tensor(),
                dtable.tensor(), accumulate, workspace), List.of(dtable), () -> {
                    double[] row = ids.values();
                    double[] gradients = dout.values();
                    double[] before = dtable.values();
                    Sum[] sums = new Sum[words * dim];
                    Arrays.setAll(sums, i -> new Sum());
                    for (int i = 0; i < gradients.length; i++) {
                        sums[((int) row[i / dim]) * dim + i % dim].add(gradients[i]);
                    }
                    Approx[] expected = new Approx[sums.length];
                    Arrays.setAll(expected,
                            i -> accumulate ? sums[i].result().plus(before[i]) : sums[i].result());
                    return List.of(Expected.close("dtable", dtable, expected));
                });
    }
}
