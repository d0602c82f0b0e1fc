package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
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
}
