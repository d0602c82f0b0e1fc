package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.AttentionOps.Decode;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cases of the attention of a sequence's last tokens over a cache.
 *
 * @param queries T
 * @param shape the extents of the attention of the whole sequence, whose length is L
 * @param layout layout of all tensors
 * @param latents whether the values are the first elements of the keys, in the same memory
 */
record DecodeCases(int queries, AttentionShape shape, Layout layout, boolean latents) {

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                add(cases, 1, new AttentionShape(1, 1, 1, 8, 8, type), layout, false);
                add(cases, 1, new AttentionShape(1, 33, 6, 2, 24, 16, type), layout, false);
                add(cases, 5, new AttentionShape(1, 9, 4, 4, 17, 9, type), layout, false);
                add(cases, 7, new AttentionShape(1, 7, 3, 1, 40, 24, type), layout, true);
                add(cases, 1, new AttentionShape(1, 65, 16, 1, 72, 64, type), layout, true);
            }
            add(cases, 0, new AttentionShape(1, 4, 2, 1, 8, 8, type), Layout.DENSE, false);
            add(cases, 1, new AttentionShape(1, 1300, 8, 2, 128, 128, type), Layout.DENSE, false);
            add(cases, 40, new AttentionShape(1, 600, 8, 2, 16, 16, type), Layout.ALIGNED_GAPS, false);
            add(cases, 3, new AttentionShape(1, 530, 16, 1, 576, 512, type), Layout.DENSE, true);
        }
        return cases;
    }

    static List<OpCase> far() {
        List<OpCase> cases = new ArrayList<>();
        add(cases, 2, new AttentionShape(1, 4, 4, 2, 16, 8, F32), Layout.FAR, false);
        add(cases, 1, new AttentionShape(1, 4, 4, 1, 16, 8, BF16), Layout.FAR, true);
        return cases;
    }

    private static void add(List<OpCase> cases, int queries, AttentionShape shape, Layout layout, boolean latents) {
        cases.add(new OpCase(
                "attention over a cache T " + queries + " L " + shape.sequence() + " H " + shape.heads() + " G "
                        + shape.keyHeads() + " Q " + shape.queryKeyDim() + " V " + shape.valueDim() + " "
                        + shape.dtype() + " "
                        + layout + (latents ? " latents" : ""),
                new DecodeCases(queries, shape, layout, latents)::prepare));
    }

    private float scale() {
        return (float) (1.5 / Math.sqrt(shape.queryKeyDim()));
    }

    private Operand random(OpBench bench, long rows, long heads, long dim, long seed) {
        return bench.of(shape.dtype(), layout, DoubleElements.random(shape.dtype(), rows * heads * dim, seed), rows,
                heads,
                dim);
    }

    private OpCall prepare(OpBench bench) {
        long keys = shape.sequence();
        Operand q = random(bench, queries, shape.heads(), shape.queryKeyDim(), 1);
        Operand k = random(bench, keys, shape.keyHeads(), shape.queryKeyDim(), 2);
        Operand o = bench.blank(shape.dtype(), layout, queries, shape.heads(), shape.valueDim());
        Operand v = latents ? k : random(bench, keys, shape.keyHeads(), shape.valueDim(), 3);
        Tensor values = latents ? k.tensor().slice(2, 0, shape.valueDim()) : v.tensor();
        return new OpCall(() -> bench.ops().attention().decode(bench.stream(),
                Decode.of(scale(), q.tensor(), k.tensor(), values, o.tensor())), List.of(o),
                () -> List.of(Expected.close("o", o, expected(q.values(), k.values(), values(v)))));
    }

    private double[] values(Operand v) {
        if (!latents) {
            return v.values();
        }
        double[] all = v.values();
        int width = Math.toIntExact(shape.queryKeyDim());
        int kept = Math.toIntExact(shape.valueDim());
        double[] first = new double[all.length / width * kept];
        for (int row = 0; row < all.length / width; row++) {
            System.arraycopy(all, row * width, first, row * kept, kept);
        }
        return first;
    }

    /** The expected result: that of the last tokens in the attention of the whole sequence, which does not depend on the queries of the others. */
    private Approx[] expected(double[] q, double[] k, double[] v) {
        double[] whole = new double[Math.toIntExact(shape.sequence() * shape.heads() * shape.queryKeyDim())];
        System.arraycopy(q, 0, whole, whole.length - q.length, q.length);
        Approx[] all = new AttentionDefinition(shape, scale()).forward(whole, k, v,
                Math.toIntExact(shape.sequence()) - queries)[0];
        return Arrays.copyOfRange(all,
                all.length - Math.toIntExact(queries * shape.heads() * shape.valueDim()), all.length);
    }
}
