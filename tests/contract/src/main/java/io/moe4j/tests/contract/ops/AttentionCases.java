package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Cases of causal attention and its gradients, over whole sequences and over documents in them.
 *
 * @param shape the extents
 * @param layout layout of q, k, v and their gradients; the other tensors are contiguous, as the operation requires
 * @param documentLength average number of tokens of a document; 0 if each sequence is one document
 */
record AttentionCases(AttentionShape shape, Layout layout, int documentLength) {

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                add(cases, new AttentionShape(1, 1, 1, 8, 8, type), layout);
                add(cases, new AttentionShape(2, 32, 2, 24, 24, type), layout);
                add(cases, new AttentionShape(1, 33, 3, 17, 9, type), layout);
                add(cases, new AttentionShape(3, 50, 2, 40, 24, type), layout);
                add(cases, new AttentionShape(1, 130, 2, 192, 128, type), layout);
                add(cases, new AttentionShape(2, 33, 4, 2, 24, 16, type), layout);
                add(cases, new AttentionShape(1, 70, 6, 2, 128, 128, type), layout);
                add(cases, new AttentionShape(2, 20, 3, 1, 20, 20, type), layout);
            }
            for (int length : new int[] {1, 3, 20, 300}) {
                addDocuments(cases, new AttentionShape(2, 33, 4, 2, 24, 16, type), Layout.GAPS, length);
                addDocuments(cases, new AttentionShape(1, 130, 2, 192, 128, type), Layout.DENSE, length);
                addDocuments(cases, new AttentionShape(3, 70, 6, 2, 128, 128, type), Layout.ALIGNED_GAPS, length);
            }
            addDocuments(cases, new AttentionShape(2, 700, 1, 16, 8, type), Layout.DENSE, 150);
            addDocuments(cases, new AttentionShape(2, 300, 2, 192, 128, type), Layout.ALIGNED_GAPS, 60);
            addDocuments(cases, new AttentionShape(1, 260, 4, 2, 128, 128, type), Layout.DENSE, 100);
            addDocuments(cases, new AttentionShape(1, 0, 2, 8, 8, type), Layout.DENSE, 1);
            add(cases, new AttentionShape(0, 8, 1, 8, 8, type), Layout.DENSE);
            add(cases, new AttentionShape(1, 0, 2, 8, 8, type), Layout.DENSE);
            add(cases, new AttentionShape(1, 257, 1, 64, 64, type), Layout.DENSE);
            add(cases, new AttentionShape(2, 256, 2, 192, 128, type), Layout.ALIGNED_GAPS);
            add(cases, new AttentionShape(1, 256, 8, 2, 128, 128, type), Layout.DENSE);
            add(cases, new AttentionShape(1, 700, 1, 16, 8, type), Layout.DENSE);
        }
        return cases;
    }

    static List<OpCase> far() {
        List<OpCase> cases = new ArrayList<>();
        add(cases, new AttentionShape(1, 4, 2, 16, 8, F32), Layout.FAR);
        add(cases, new AttentionShape(1, 4, 2, 16, 8, BF16), Layout.FAR);
        return cases;
    }

    private static void add(List<OpCase> cases, AttentionShape shape, Layout layout) {
        add(cases, new AttentionCases(shape, layout, 0));
    }

    private static void addDocuments(List<OpCase> cases, AttentionShape shape, Layout layout, int length) {
        add(cases, new AttentionCases(shape, layout, length));
    }

    private static void add(List<OpCase> cases, AttentionCases one) {
        AttentionShape shape = one.shape;
        String what = " B " + shape.batch() + " S " + shape.sequence() + " H " + shape.heads()
                + (shape.keyHeads() == shape.heads() ? "" : " G " + shape.keyHeads()) + " Q "
                + shape.queryKeyDim() + " V " + shape.valueDim() + " " + shape.dtype() + " " + one.layout
                + (one.documentLength == 0 ? "" : ", documents of " + one.documentLength);
        cases.add(new OpCase("attention" + what, one::forward));
        cases.add(new OpCase("attention's gradient" + what, one::backward));
    }

    private float scale() {
        return (float) (1.5 / Math.sqrt(shape.queryKeyDim()));
    }

    private AttentionDefinition definition() {
        return new AttentionDefinition(shape, scale(), starts());
    }

    /** Each token begins a document with a probability of 1 / {@link #documentLength}. */
    private int[] starts() {
        int sequence = Math.toIntExact(shape.sequence());
        int[] starts = new int[Math.toIntExact(shape.batch() * sequence)];
        Random random = new Random(11);
        for (int t = 0; documentLength > 0 && t < starts.length; t++) {
            int s = t % sequence;
            starts[t] = s == 0 || random.nextInt(documentLength) == 0 ? s : starts[t - 1];
        }
        return starts;
    }

    private double[] random(long heads, long dim, long seed) {
        return DoubleElements.random(shape.dtype(), shape.batch() * shape.sequence() * heads * dim, seed);
    }

    private Operand operand(OpBench bench, Layout how, double[] values, long heads, long dim) {
        return bench.of(shape.dtype(), how, values, shape.batch(), shape.sequence(), heads, dim);
    }

    /** q, k, v, and forward's results: tensors to be written for forward, or values of the definition for backward. */
    private record Inputs(Operand q, Operand k, Operand v, Operand o, Operand lse, AttentionOps.Forward call) {}

    private Inputs inputs(OpBench bench, boolean withResults) {
        double[] qs = random(shape.heads(), shape.queryKeyDim(), 1);
        double[] ks = random(shape.keyHeads(), shape.queryKeyDim(), 2);
        double[] vs = random(shape.keyHeads(), shape.valueDim(), 3);
        Approx[][] results = withResults ? definition().forward(qs, ks, vs) : new Approx[2][0];
        Operand q = operand(bench, layout, qs, shape.heads(), shape.queryKeyDim());
        Operand k = operand(bench, layout, ks, shape.keyHeads(), shape.queryKeyDim());
        Operand v = operand(bench, layout, vs, shape.keyHeads(), shape.valueDim());
        Operand o = operand(bench, Layout.DENSE, stored(results[0], shape.dtype()), shape.heads(),
                shape.valueDim());
        Operand lse = bench.of(F32, Layout.DENSE, stored(results[1], F32), shape.batch(), shape.heads(),
                shape.sequence());
        AttentionOps.Forward call = new AttentionOps.Forward(shape, scale(), q.tensor(), k.tensor(), v.tensor(),
                o.tensor(), lse.tensor(), bench.workspace(bench.device().workspaceSizes().attentionForward(shape)));
        return new Inputs(q, k, v, o, lse, documentLength == 0 ? call
                : call.withStarts(bench.ints(starts(), shape.batch(), shape.sequence()).tensor()));
    }

    private static double[] stored(Approx[] values, DType type) {
        return Arrays.stream(values).mapToDouble(value -> Rounding.to(type, value.value())).toArray();
    }

    private OpCall forward(OpBench bench) {
        Inputs in = inputs(bench, false);
        return new OpCall(() -> bench.ops().attention().forward(bench.stream(), in.call()), List.of(in.o(), in.lse()),
                () -> {
                    Approx[][] expected = definition().forward(in.q().values(), in.k().values(), in.v().values());
                    return List.of(Expected.close("o", in.o(), expected[0]),
                            Expected.close("lse", in.lse(), expected[1]));
                });
    }

    private OpCall backward(OpBench bench) {
        Inputs in = inputs(bench, true);
        Operand dO = operand(bench, Layout.DENSE, random(shape.heads(), shape.valueDim(), 4), shape.heads(),
                shape.valueDim());
        Operand dq = operand(bench, layout, new double[0], shape.heads(), shape.queryKeyDim());
        Operand dk = operand(bench, layout, new double[0], shape.keyHeads(), shape.queryKeyDim());
        Operand dv = operand(bench, layout, new double[0], shape.keyHeads(), shape.valueDim());
        AttentionOps.Backward call = new AttentionOps.Backward(in.call(), dO.tensor(), dq.tensor(), dk.tensor(),
                dv.tensor(), bench.workspace(bench.device().workspaceSizes().attentionBackward(shape)));
        return new OpCall(() -> bench.ops().attention().backward(bench.stream(), call), List.of(dq, dk, dv), () -> {
            Approx[][] expected = definition().backward(in.q().values(), in.k().values(), in.v().values(),
                    in.o().values(), in.lse().values(), dO.values());
            return List.of(Expected.close("dq", dq, expected[0]), Expected.close("dk", dk, expected[1]),
                    Expected.close("dv", dv, expected[2]));
        });
    }
}
