package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Arguments of the SwiGLU kernels (Shazeer, "GLU Variants Improve Transformer", 2020). Rows have a stride; their elements are dense.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class SwiGlu {

    private SwiGlu() {}

    /**
     * h[r, f] = weight[r] · silu(gate[r, f]) · up[r, f], computed in fp32 and rounded once.
     *
     * @param gate_RF (R_max, F)
     * @param up_RF (R_max, F)
     * @param weights_R F32 (R_max); absent means 1
     * @param offsets_e I32; only the last one, R, matters
     * @param h_RF overwritten
     */
    public record Forward(Tensor gate_RF, Tensor up_RF, Optional<Tensor> weights_R, Tensor offsets_e, Tensor h_RF) {

        /** Without weights. */
        public static Forward of(Tensor gate_RF, Tensor up_RF, Tensor offsets_e, Tensor h_RF) {
            return new Forward(gate_RF, up_RF, Optional.empty(), offsets_e, h_RF);
        }

        /** With a weight for each row. */
        public Forward withWeights(Tensor rows_R) {
            return new Forward(gate_RF, up_RF, Optional.of(rows_R), offsets_e, h_RF);
        }
    }

    /**
     * Gradients. {@code dgate_RF} and {@code dup_RF} may be {@code gate_RF} and {@code up_RF} themselves.
     *
     * @param gate_RF (R_max, F)
     * @param up_RF (R_max, F)
     * @param dh_RF gradient with respect to h
     * @param weights_R F32 (R_max); absent means 1
     * @param offsets_e I32; only the last one, R, matters
     * @param dgate_RF overwritten
     * @param dup_RF overwritten
     * @param dweights_R F32 (R_max), overwritten with Σ_f dh · silu(gate) · up; absent if not wanted
     */
    public record Backward(Tensor gate_RF, Tensor up_RF, Tensor dh_RF, Optional<Tensor> weights_R, Tensor offsets_e,
            Tensor dgate_RF,
            Tensor dup_RF, Optional<Tensor> dweights_R) {

        /** Without weights and their gradients. */
        public static Backward of(Tensor gate_RF, Tensor up_RF, Tensor dh_RF, Tensor offsets_e, Tensor dgate_RF,
                Tensor dup_RF) {
            return new Backward(gate_RF, up_RF, dh_RF, Optional.empty(), offsets_e, dgate_RF, dup_RF, Optional.empty());
        }

        /** With a weight for each row, and a tensor for the gradients with respect to the weights. */
        public Backward withWeights(Tensor rows_R, Tensor drows_R) {
            return new Backward(gate_RF, up_RF, dh_RF, Optional.of(rows_R), offsets_e, dgate_RF, dup_RF,
                    Optional.of(drows_R));
        }
    }

    /**
     * Gradients with respect to gate and up that only products in a type with scales read: they are quantized, and need not be stored in the type of gate
     * and up.
     *
     * @param both_R2F (R_max, 2F): gate and up side by side. Its content is undefined afterwards
     * @param dh_RF gradient with respect to h
     * @param weights_R F32 (R_max); absent means 1
     * @param offsets_e I32; only the last one, R, matters
     * @param results each (R_max, 2F), as in {@link RowQuantization}: overwritten
     * @param dweights_R as in {@link Backward}
     * @since 0.3.0
     */
    public record QuantizedBackward(Tensor both_R2F, Tensor dh_RF, Optional<Tensor> weights_R, Tensor offsets_e,
            List<Tensor> results, Optional<Tensor> dweights_R) {

        public QuantizedBackward {
            results = List.copyOf(results);
            if (both_R2F.rank() != 2 || both_R2F.dim(1) != 2 * dh_RF.dim(1) || both_R2F.dim(0) != dh_RF.dim(0)) {
                throw new IllegalArgumentException(
                        "gradients of SwiGLU for gate and up in " + both_R2F + " and " + dh_RF
                                + ": gate and up lie side by side, each with the shape of the gradient");
            }
        }

        /** Without weights and their gradients. */
        public static QuantizedBackward of(Tensor both_R2F, Tensor dh_RF, Tensor offsets_e, Tensor... results) {
            return new QuantizedBackward(both_R2F, dh_RF, Optional.empty(), offsets_e, List.of(results),
                    Optional.empty());
        }

        /** With a weight for each row, and a tensor for the gradients with respect to the weights. */
        public QuantizedBackward withWeights(Tensor rows_R, Tensor drows_R) {
            return new QuantizedBackward(both_R2F, dh_RF, Optional.of(rows_R), offsets_e, results,
                    Optional.of(drows_R));
        }

        /** Gate, or its gradient. */
        public Tensor gate_RF() {
            return both_R2F.slice(1, 0, dh_RF.dim(1));
        }

        /** Up, or its gradient. */
        public Tensor up_RF() {
            return both_R2F.slice(1, dh_RF.dim(1), both_R2F.dim(1));
        }

        /** The same in two steps, of which this is the first: the gradients overwrite gate and up. */
        public Backward inPlace() {
            return new Backward(gate_RF(), up_RF(), dh_RF, weights_R, offsets_e, gate_RF(), up_RF(), dweights_R);
        }

        /** The second step. */
        public RowQuantization quantization() {
            return new RowQuantization(both_R2F, offsets_e, results);
        }
    }
}
