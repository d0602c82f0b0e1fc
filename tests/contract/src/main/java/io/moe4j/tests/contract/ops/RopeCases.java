package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Rotary position embedding.
 *
 * @param tokens T
 * @param heads H
 * @param width R
 * @param sequence S: tokens of several sequences follow each other
 * @param type of what is rotated
 * @param layout of what is rotated
 * @param inverse back
 * @param inPlace into the input
 */
record RopeCases(int tokens, int heads, int width, int sequence, DType type, Layout layout, boolean inverse,
        boolean inPlace) {

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        int[][] shapes = {{0, 1, 2, 1}, {6, 3, 2, 3}, {10, 2, 38, 10}, {12, 2, 64, 6}, {300, 1, 64, 100}};
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                for (int[] s : shapes) {
                    cases.add(new RopeCases(s[0], s[1], s[2], s[3], type, layout, false, false).toCase());
                    cases.add(new RopeCases(s[0], s[1], s[2], s[3], type, layout, true, true).toCase());
                }
            }
        }
        cases.add(new RopeCases(1024, 16, 64, 512, BF16, Layout.ALIGNED_GAPS, false, false).toCase());
        return cases;
    }

    static List<OpCase> far() {
        return List.of(new RopeCases(4, 2, 8, 2, F32, Layout.FAR, false, false).toCase(),
                new RopeCases(4, 2, 16, 2, BF16, Layout.FAR, true, true).toCase());
    }

    private OpCase toCase() {
        return new OpCase("rope (" + tokens + ", " + heads + ", " + width + ") of sequences of " + sequence + " " + type
                + " " + layout + (inverse ? " back" : "") + (inPlace ? " in place" : ""), this::prepare);
    }

    private OpCall prepare(OpBench bench) {
        Operand x = bench.of(type, layout, Elements.random(type, (long) tokens * heads * width, 1), tokens, heads,
                width);
        Operand table = bench.of(F32, Layout.DENSE, table(), sequence, width);
        Operand out = inPlace ? x : bench.blank(type, layout, tokens, heads, width);
        return new OpCall(
                () -> bench.ops().rope().rotate(bench.stream(), x.tensor(), table.tensor(), inverse, out.tensor()),
                List.of(out), () -> List.of(Expected.close("rotated", out, rotated(x.values(), table.values()))));
    }

    private double[] table() {
        Random random = new Random(7);
        double[] table = new double[sequence * width];
        for (int i = 0; i < table.length; i += 2) {
            double angle = random.nextDouble(2 * Math.PI);
            table[i] = Math.cos(angle);
            table[i + 1] = Math.sin(angle);
        }
        return table;
    }

    private Approx[] rotated(double[] x, double[] table) {
        Approx[] rotated = new Approx[x.length];
        for (int i = 0; i < x.length; i += 2) {
            int at = i / (heads * width) % sequence * width + i % width;
            Approx first = Approx.exact(x[i]);
            Approx second = Approx.exact(x[i + 1]);
            double cos = table[at];
            double sin = inverse ? -table[at + 1] : table[at + 1];
            rotated[i] = first.times(cos).minus(second.times(sin));
            rotated[i + 1] = first.times(sin).plus(second.times(cos));
        }
        return rotated;
    }
}
