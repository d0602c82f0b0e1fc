package io.moe4j.autograd.function;

import io.moe4j.api.Stability;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.Parameter;
import java.util.List;
import java.util.Optional;

/**
 * Low-rank updates of a frozen matrix (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021): y = x · (w + s · b · a)ᵀ, computed as
 * x · wᵀ + s · (x · aᵀ) · bᵀ. The matrix may hold several that other software knows by their own names, such as gate and up; each of these has its own update,
 * and all of them read x once.
 *
 * <p>Example: gate and up of 1408 rows each, 2048 columns, rank 16. Then a is (32, 2048): 16 rows for gate, then 16 for up; b of gate is (1408, 16) and
 * updates rows 0 to 1408 of the product, b of up those from 1408 on. The matrix of experts has one of each for every expert: a is (e, 32, 2048).
 *
 * @param a (n·r, I), or (e, n·r, I)
 * @param parts the n updated parts
 * @param scale s: alpha / r
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record LowRank(Parameter a, List<Part> parts, float scale) {

    public LowRank {
        parts = List.copyOf(parts);
    }

    /**
     * An updated part.
     *
     * @param b (O, r), or (e, O, r)
     * @param row of the whole matrix, from which its O rows begin
     */
    public record Part(Parameter b, long row) {

        /** O. */
        public long rows() {
            return b.shape()[b.shape().length - 2];
        }

        /** r. */
        public long rank() {
            return b.shape()[b.shape().length - 1];
        }

        /** The columns (T, O) of the whole product that it updates. */
        public Tensor columns(Tensor y_TO) {
            return y_TO.slice(1, row, row + rows());
        }
    }

    /** n·r. */
    public long width() {
        return a.shape()[a.shape().length - 2];
    }

    /** The columns (T, r) of x · aᵀ that belong to a part. */
    public Tensor inner(Tensor u_TR, int part) {
        long rank = parts.get(part).rank();
        return u_TR.slice(1, part * rank, (part + 1) * rank);
    }

    /** Enqueues y += s · (x · aᵀ) · bᵀ, for a matrix that is not one of experts. */
    void addTo(Tape tape, Tensor x_TI, Tensor y_TO) {
        try (Scope scope = tape.rank().memory().open()) {
            Tensor u_TR = inner(tape, x_TI);
            for (int i = 0; i < parts.size(); i++) {
                multiply(tape, Matmul.ofTransposedB(inner(u_TR, i), parts.get(i).b.value(),
                        parts.get(i).columns(y_TO)).accumulating(true));
            }
        }
    }

    /** Enqueues the gradients with respect to a and b; and adds that with respect to x to {@code dx_TI}, if it is wanted. */
    void backward(Tape tape, Tensor x_TI, Tensor dy_TO, Optional<Tensor> dx_TI) {
        try (Scope scope = tape.rank().memory().open()) {
            Tensor u_TR = inner(tape, x_TI);
            Tensor du_TR = tape.temporary("workspace", x_TI.dtype(), x_TI.dim(0), width());
            for (int i = 0; i < parts.size(); i++) {
                Parameter b = parts.get(i).b;
                Tensor dy = parts.get(i).columns(dy_TO);
                multiply(tape, Matmul.ofTransposedA(dy, inner(u_TR, i), b.gradient())
                        .accumulating(b.accumulatesGradient()));
                multiply(tape, Matmul.of(dy, b.value(), inner(du_TR, i)));
            }
            multiply(tape, Matmul.ofTransposedA(du_TR, x_TI, a.gradient()).withAlpha(scale)
                    .accumulating(a.accumulatesGradient()));
            dx_TI.ifPresent(dx -> multiply(tape, Matmul.of(du_TR, a.value(), dx).withAlpha(scale).accumulating(true)));
        }
    }

    /** s · x · aᵀ. */
    private Tensor inner(Tape tape, Tensor x_TI) {
        Tensor u_TR = tape.temporary("workspace", x_TI.dtype(), x_TI.dim(0), width());
        multiply(tape, Matmul.ofTransposedB(x_TI, a.value(), u_TR).withAlpha(scale));
        return u_TR;
    }

    private static void multiply(Tape tape, Matmul product) {
        tape.ops().matmul().matmul(tape.stream(), product);
    }
}
