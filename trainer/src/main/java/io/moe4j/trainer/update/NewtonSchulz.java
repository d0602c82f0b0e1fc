package io.moe4j.trainer.update;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Computes approximately the nearest matrix with orthogonal rows or columns: all singular values become about 0.7 to 1.2 (Jordan, 2024). An iteration is
 * X ← a X + (b A + c A²) X with A = X Xᵀ, where X has no more rows than columns; of a matrix with more rows, A = Xᵀ X is multiplied from the right, which
 * is the same for its transpose.
 */
final class NewtonSchulz {
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    /** The smallest value that a norm is taken to have, so that a matrix of zeros does not divide by zero. */
    private static final float LEAST_NORM = 1e-7f;

    private final RankContext rank;
    private final int steps;

    NewtonSchulz(RankContext rank, int steps) {
        this.rank = rank;
        this.steps = steps;
    }

    /** Replaces a matrix; all products have its element type. Temporaries come from a scope that is opened here. */
    void orthogonalize(Tensor matrix) {
        try (Scope scope = rank.memory().open()) {
            Tensor sum = rank.memory().allocate("workspace", DType.F32, 1);
            rank.stream().fill(sum, 0);
            addSquares(matrix, sum);
            Tensor x = temporary(matrix, matrix.dim(0), matrix.dim(1));
            rank.device().ops().optimizer().normalize(rank.stream(), matrix, sum, LEAST_NORM, x);
            boolean wide = matrix.dim(0) <= matrix.dim(1);
            long side = Math.min(matrix.dim(0), matrix.dim(1));
            Tensor gram = temporary(matrix, side, side);
            Tensor polynomial = temporary(matrix, side, side);
            Tensor from = x;
            Tensor to = matrix;
            for (int i = 0; i < steps; i++) {
                product(wide ? Matmul.ofTransposedB(from, from, gram) : Matmul.ofTransposedA(from, from, gram));
                rank.stream().copy(gram, polynomial);
                product(new Matmul(gram, gram, polynomial, false, false, C, B));
                rank.stream().copy(from, to);
                product(wide ? new Matmul(polynomial, from, to, false, false, 1, A)
                        : new Matmul(from, polynomial, to, false, false, 1, A));
                Tensor swapped = from;
                from = to;
                to = swapped;
            }
            if (!from.equals(matrix)) {
                rank.stream().copy(from, matrix);
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
        return rank.memory().allocate("orthogonalised updates", like.dtype(), rows, columns);
    }

    private void product(Matmul arguments) {
        rank.device().ops().matmul().matmul(rank.stream(), arguments);
    }
}
