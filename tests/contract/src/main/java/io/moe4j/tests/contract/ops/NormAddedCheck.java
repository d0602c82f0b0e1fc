package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The gradient of a norm that is added to another gradient has the bits of the two separate operations. */
final class NormAddedCheck {
    private final OpBench bench;

    NormAddedCheck(OpBench bench) {
        this.bench = bench;
    }

    void run() {
        for (DType type : List.of(F32, BF16)) {
            for (int[] shape : new int[][] {{1, 8}, {3, 7}, {65, 2048}, {9, 5120}, {700, 40}}) {
                check(type, shape[0], shape[1]);
            }
        }
    }

    private void check(DType type, int rows, int dim) {
        Operand dy = random(type, 1, rows, dim);
        Operand x = random(type, 2, rows, dim);
        Operand weight = bench.of(type, Layout.DENSE, DoubleElements.random(type, dim, 3), dim);
        Operand rstd = bench.of(F32, Layout.DENSE, DoubleElements.random(F32, rows, 4), rows);
        Operand addend = random(type, 5, rows, dim);
        Operand one = bench.blank(type, Layout.DENSE, rows, dim);
        Operand two = bench.blank(type, Layout.DENSE, rows, dim);
        Operand oneWeight = bench.blank(F32, Layout.DENSE, dim);
        Operand twoWeight = bench.blank(F32, Layout.DENSE, dim);
        Optional<Tensor> workspace = bench.workspace(bench.device().workspaceSizes().rmsNormBackward(rows, dim));
        List<byte[]> images = bench.run(stream -> {
            bench.ops().normBackwardAdded(stream, new NormOps.Backward(dy.tensor(), x.tensor(), weight.tensor(),
                    rstd.tensor(), one.tensor(), false, oneWeight.tensor(), false, workspace), addend.tensor());
            bench.ops().norm().backward(stream, new NormOps.Backward(dy.tensor(), x.tensor(), weight.tensor(),
                    rstd.tensor(), two.tensor(), false, twoWeight.tensor(), false, workspace));
            bench.ops().elementwise().add(stream, addend.tensor(), two.tensor(), two.tensor());
        });
        String what = type + " (" + rows + ", " + dim + ")";
        int last = images.size() - 1;
        assertArrayEquals(two.values(images.get(last - 2)), one.values(images.get(last - 3)), what);
        assertArrayEquals(twoWeight.values(images.get(last)), oneWeight.values(images.get(last - 1)), what);
    }

    private Operand random(DType type, long seed, int rows, int dim) {
        return bench.of(type, Layout.DENSE, DoubleElements.random(type, (long) rows * dim, seed), rows, dim);
    }
}
