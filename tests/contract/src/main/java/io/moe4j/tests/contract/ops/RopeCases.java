package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Cases of rotary position embedding.
 *
 * @param tokens T
 * @param heads H
 * @param width R
 * @param sequence S: tokens of several sequences follow each other
 * @param type element type of the rotated tensor
 * @param layout layout of the rotated tensor
 * @param halves whether pairs are taken from the two halves of a row, or are adjacent elements
 * @param inverse whether the rotation is backwards
 * @param inPlace whether the result is written into the input
 * @param anywhere whether each token has a given position, in any order
 */
record RopeCases(int tokens, int heads, int width, int sequence, DType type, Layout layout, boolean halves,
        boolean inverse, boolean inPlace, boolean anywhere) {

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        int[][] shapes = {{0, 1, 2, 1}, {6, 3, 2, 3}, {10, 2, 38, 10}, {12, 2, 64, 6}, {300, 1, 64, 100},
                {7, 4, 128, 7}};
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                for (int[] s : shapes) {
                    for (boolean halves : List.of(false, true)) {
                        for (boolean anywhere : List.of(false, true)) {
                            cases.add(new RopeCases(s[0], s[1], s[2], s[3], type, layout, halves, false, false,
                                    anywhere).toCase());
                            cases.add(new RopeCases(s[0], s[1], s[2], s[3], type, layout, halves, true, true,
                                    anywhere).toCase());
                        }
                    }
                }
            }
        }
        cases.add(new RopeCases(1024, 16, 64, 512, BF16, Layout.ALIGNED_GAPS, false, false, false, false).toCase());
        cases.add(new RopeCases(1024, 16, 64, 512, BF16, Layout.ALIGNED_GAPS, true, false, false, false).toCase());
        return cases;
    }

    static List<OpCase> far() {
        return List.of(new RopeCases(4, 2, 8, 2, F32, Layout.FAR, false, false, false, false).toCase(),
                new RopeCases(4, 2, 8, 2, F32, Layout.FAR, true, false, false, false).toCase(),
                new RopeCases(4, 2, 16, 2, BF16, Layout.FAR, false, true, true, false).toCase(),
                new RopeCases(4, 2, 16, 2, BF16, Layout.FAR, true, true, true, false).toCase());
    }

    private OpCase toCase() {
        return new OpCase((halves ? "rope on halves (" : "rope (") + tokens + ", " + heads + ", " + width
                + ") of sequences of " + sequence + " " + type
                + " " + layout + (inverse ? " back" : "") + (inPlace ? " in place" : "")
                + (anywhere ? " at any positions" : ""), this::prepare);
    }

    private OpCall prepare(OpBench bench) {
        Operand x = bench.of(type, layout, DoubleElements.random(type, (long) tokens * heads * width, 1), tokens, heads,
                width);
        Operand table = bench.of(F32, Layout.DENSE, table(), sequence, width);
        Operand out = inPlace ? x : bench.blank(type, layout, tokens, heads, width);
        Operand positions = bench.ints(positions(), tokens);
        return new OpCall(() -> rotate(bench, x, table, positions, out), List.of(out),
                () -> List.of(Expected.close("rotated", out, rotated(x.values(), table.values()))));
    }

    private int[] positions() {
        return anywhere ? new Random(5).ints(tokens, 0, sequence).toArray()
                : IntStream.range(0, tokens).map(t -> t % sequence).toArray();
    }

    private void rotate(OpBench bench, Operand x, Operand table, Operand positions, Operand out) {
        RopeOps rope = bench.ops().rope();
        if (anywhere) {
            RopeOps.AtPositions at = halves
                    ? RopeOps.AtPositions.ofHalves(x.tensor(), table.tensor(), positions.tensor(), out.tensor())
                    : RopeOps.AtPositions.ofPairs(x.tensor(), table.tensor(), positions.tensor(), out.tensor());
            rope.rotateAt(bench.stream(), at.withInverse(inverse));
        } else if (halves) {
            rope.rotateHalves(bench.stream(), x.tensor(), table.tensor(), inverse, out.tensor());
        } else {
            rope.rotate(bench.stream(), x.tensor(), table.tensor(), inverse, out.tensor());
        }
    }

    /** Column of the first element, or of the cosine, of pair {@code i}; the second, or the sine, is {@link #apart} columns later. */
    private int first(int pair) {
        return halves ? pair : 2 * pair;
    }

    private int apart() {
        return halves ? width / 2 : 1;
    }

    private double[] table() {
        Random random = new Random(7);
        double[] table = new double[sequence * width];
        for (int s = 0; s < sequence; s++) {
            for (int pair = 0; pair < width / 2; pair++) {
                double angle = random.nextDouble(2 * Math.PI);
                table[s * width + first(pair)] = Math.cos(angle);
                table[s * width + first(pair) + apart()] = Math.sin(angle);
            }
        }
        return table;
    }

    private Approx[] rotated(double[] x, double[] table) {
        Approx[] rotated = new Approx[x.length];
        int[] positions = positions();
        for (int row = 0; row < tokens * heads; row++) {
            for (int pair = 0; pair < width / 2; pair++) {
                int one = row * width + first(pair);
                int other = one + apart();
                int at = positions[row / heads] * width + first(pair);
                Approx a = Approx.exact(x[one]);
                Approx b = Approx.exact(x[other]);
                double cos = table[at];
                double sin = inverse ? -table[at + apart()] : table[at + apart()];
                rotated[one] = a.times(cos).minus(b.times(sin));
                rotated[other] = a.times(sin).plus(b.times(cos));
            }
        }
        return rotated;
    }
}
