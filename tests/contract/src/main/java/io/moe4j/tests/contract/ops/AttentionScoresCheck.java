package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Attention and its gradient have the same bits with and without memory for scores. A device that asks for none has nothing to check. */
final class AttentionScoresCheck {
    private final OpBench bench;

    AttentionScoresCheck(OpBench bench) {
        this.bench = bench;
    }

    void run() {
        for (DType type : List.of(F32, BF16)) {
            for (int documents : new int[] {0, 1, 40, 200}) {
                check(new AttentionShape(2, 70, 6, 2, 24, 16, type), documents);
                check(new AttentionShape(1, 300, 2, 192, 128, type), documents);
                check(new AttentionShape(2, 700, 2, 1, 16, 8, type), documents);
            }
            check(new AttentionShape(1, 1024, 1, 16, 8, type), 0);
            check(new AttentionShape(1, 2050, 1, 8, 8, type), 0);
        }
    }

    private void check(AttentionShape shape, int documents) {
        Operand q = random(shape, shape.heads(), shape.queryKeyDim(), 1);
        Operand k = random(shape, shape.keyHeads(), shape.queryKeyDim(), 2);
        Operand v = random(shape, shape.keyHeads(), shape.valueDim(), 3);
        Operand dO = random(shape, shape.heads(), shape.valueDim(), 4);
        Optional<Tensor> scores = bench.workspace(bench.device().workspaceSizes().attentionScores(shape));
        Optional<Tensor> starts = documents == 0 ? Optional.empty() : Optional.of(starts(shape, documents));
        if (scores.isEmpty()) {
            return;
        }
        Results without = new Results(shape, starts, q, k, v);
        Results with = new Results(shape, starts, q, k, v);
        List<byte[]> images = bench.run(stream -> {
            without.enqueue(without.forward, dO);
            with.enqueue(with.forward.withScores(scores.get()), dO);
        });
        for (int i = 0; i < without.all.size(); i++) {
            assertArrayEquals(without.all.get(i).values(images.get(without.first + i)),
                    with.all.get(i).values(images.get(with.first + i)),
                    "result " + i + " of o, lse, dq, dk, dv, " + shape + ", documents of " + documents);
        }
    }

    private Operand random(AttentionShape shape, long heads, long dim, long seed) {
        return bench.of(shape.dtype(), Layout.GAPS,
                DoubleElements.random(shape.dtype(), shape.batch() * shape.sequence() * heads * dim, seed),
                shape.batch(), shape.sequence(), heads, dim);
    }

    private Tensor starts(AttentionShape shape, int length) {
        int sequence = Math.toIntExact(shape.sequence());
        int[] starts = new int[Math.toIntExact(shape.batch() * sequence)];
        Random random = new Random(13);
        for (int t = 0; t < starts.length; t++) {
            int s = t % sequence;
            starts[t] = s == 0 || random.nextInt(length) == 0 ? s : starts[t - 1];
        }
        return bench.ints(starts, shape.batch(), shape.sequence()).tensor();
    }

    /** The results of attention and of its gradient. */
    private final class Results {
        private final int first = bench.operands();
        private final List<Operand> all;
        private final AttentionOps.Forward forward;

        Results(AttentionShape shape, Optional<Tensor> starts, Operand q, Operand k, Operand v) {
            Operand o = blank(shape, Layout.DENSE, shape.heads(), shape.valueDim());
            Operand lse = bench.blank(F32, Layout.DENSE, shape.batch(), shape.heads(), shape.sequence());
            all = List.of(o, lse, blank(shape, Layout.GAPS, shape.heads(), shape.queryKeyDim()),
                    blank(shape, Layout.GAPS, shape.keyHeads(), shape.queryKeyDim()),
                    blank(shape, Layout.GAPS, shape.keyHeads(), shape.valueDim()));
            forward = new AttentionOps.Forward(shape, 0.3f, q.tensor(), k.tensor(), v.tensor(), o.tensor(),
                    lse.tensor(), bench.workspace(bench.device().workspaceSizes().attentionForward(shape)), starts);
        }

        void enqueue(AttentionOps.Forward call, Operand dO) {
            bench.ops().attention().forward(bench.stream(), call);
            bench.ops().attention().backward(bench.stream(), new AttentionOps.Backward(call, dO.tensor(),
                    all.get(2).tensor(), all.get(3).tensor(), all.get(4).tensor(),
                    bench.workspace(bench.device().workspaceSizes().attentionBackward(call.shape()))));
        }

        private Operand blank(AttentionShape shape, Layout layout, long heads, long dim) {
            return bench.blank(shape.dtype(), layout, shape.batch(), shape.sequence(), heads, dim);
        }
    }
}
