package io.moe4j.trainer.update;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Approximates the nearest matrix with orthonormal rows or columns: all singular values become about 0.7 to 1.2 (Jordan, "Muon: An optimizer for hidden
 * layers in neural networks", 2024). An iteration is X ← a X + (b A + c A²) X with A = X Xᵀ, if X has no more rows than columns. For a matrix with more rows,
 * A = Xᵀ X is multiplied from the right, which is the same computation on the transpose.
 */
final class NewtonSchulz {
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    /** Lower bound of the norm, so that a matrix of zeros does not cause a division by zero. */
    private static final float LEAST_NORM = 1e-7f;

    private final RankContext rank;
    private final int steps;

    NewtonSchulz(RankContext rank, int steps) {
        this.rank = rank;
        this.steps = steps;
    }

    /**
     * Replaces matrices of one shape. Each matrix is orthogonalised separately; their products are computed as one batch. Temporaries come from a scope that
     * is opened here.
     *
     * @param matrices (count, rows, columns); all products have their element type
     */
    void orthogonalize(Tensor matrices) {
        long rows = matrices.dim(1);
        long columns = matrices.dim(2);
        boolean wide = rows <= columns;
        long side = Math.min(rows, columns);
        try (Scope scope = rank.memory().open()) {
            Tensor x = temporary(matrices, rows, columns);
            normalize(matrices, x);
            Tensor gram = temporary(matrices, side, side);
            Tensor polynomial = temporary(matrices, side, side);
            Tensor from = x;
            Tensor to = matrices;
            for (int i = 0; i < steps; i++) {
                products(from, from, gram, (a, b, c) -> wide ? Matmul.ofTransposedB(a, b, c)
                        : Matmul.ofTransposedA(a, b, c));
                rank.stream().copy(gram, polynomial);
                products(gram, gram, polynomial, (a, b, c) -> new Matmul(a, b, c, false, false, C, B));
                rank.stream().copy(from, to);
                products(wide ? polynomial : from, wide ? from : polynomial, to,
                        (a, b, c) -> new Matmul(a, b, c, false, false, 1, A));
                Tensor swapped = from;
                from = to;
                to = swapped;
            }
            if (!from.equals(matrices)) {
                rank.stream().copy(from, matrices);
            }
        }
    }

    private void normalize(Tensor matrices, Tensor into) {
        try (Scope scope = rank.memory().open()) {
            Tensor sum = rank.memory().allocate("workspace", DType.F32, 1);
            for (long i = 0; i < matrices.dim(0); i++) {
                rank.stream().fill(sum, 0);
                addSquares(matrix(matrices, i), sum);
                rank.device().ops().optimizer().normalize(rank.stream(), matrix(matrices, i), sum, LEAST_NORM,
                        matrix(into, i));
            }
        }
    }

    private void addSquares(Tensor x, Tensor sum) {
        long bytes = rank.device().workspaceSizes().sumOfSquares(x.elements());
        Optional<Tensor> workspace = bytes == 0 ? Optional.empty()
                : Optional.of(rank.memory().allocate("workspace", DType.I32, (bytes + 3) / 4));
        rank.device().ops().optimizer().sumOfSquares(rank.stream(), x, sum, workspace);
    }

    private Tensor temporary(Tensor like, long rows, long columns) {
        return rank.memory().allocate("orthogonalised updates", like.dtype(), like.dim(0), rows, columns);
    }

    /** The product of one matrix of the batch. */
    @FunctionalInterface
    private interface Product {
        Matmul of(Tensor a, Tensor b, Tensor c);
    }

    private void products(Tensor a, Tensor b, Tensor c, Product product) {
        rank.device().ops().matmul().matmulEach(rank.stream(), LongStream.range(0, c.dim(0))
                .mapToObj(i -> product.of(matrix(a, i), matrix(b, i), matrix(c, i))).toList());
    }

    private static Tensor matrix(Tensor matrices, long index) {
        return matrices.slice(0, index, index + 1).view(matrices.dim(1), matrices.dim(2));
    }
}
