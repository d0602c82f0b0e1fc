package io.moe4j.layers.feedforward;

import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.function.LowRank;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/**
 * One matrix of each routed expert of this rank, with low-rank updates if it has any: y[r] = (w + s · b · a) · x[r], with the w, b and a of row r's expert.
 * Grouped products take no factor, so a is multiplied by s first; a has few elements. A matrix that is multiplied in a type with scales has no updates; its
 * products are {@link ScaledExpertProducts}.
 *
 * @param weight_eOI w
 * @param adapter the updates
 */
record ExpertMatrix(Parameter weight_eOI, Optional<LowRank> adapter) {

    ExpertMatrix {
        if (adapter.isPresent() && weight_eOI.scaledType().isPresent()) {
            throw new IllegalArgumentException(weight_eOI + " has low-rank updates, and is multiplied in "
                    + weight_eOI.scaledType().get() + "; multiply it in the type of activations");
        }
    }

    /**
     * The rows of a call.
     *
     * @param offsets_e running sums of the rows of the experts
     * @param before_1 see {@link GroupedProduct.Forward#before_1()}
     */
    record Rows(Tensor offsets_e, Optional<Tensor> before_1) {

        static Rows all(Tensor offsets_e) {
            return new Rows(offsets_e, Optional.empty());
        }
    }

    /** Whether backward reads the rows that forward multiplies. */
    boolean readsRows() {
        return weight_eOI.isTrained() || adapter.isPresent();
    }

    /** Enqueues the product; {@code y_RO} is overwritten. */
    void forward(Tape tape, ExpertKernels kernels, Rows rows, Tensor x_RI, Tensor y_RO) {
        if (weight_eOI.scaledType().isPresent()) {
            new ScaledExpertProducts(tape, kernels, rows, weight_eOI).forward(x_RI, y_RO);
            return;
        }
        multiply(tape, kernels, rows, x_RI, weight_eOI.value(), y_RO, false);
        adapter.ifPresent(updates -> {
            try (Scope scope = tape.rank().memory().open()) {
                Tensor u_RR = inner(tape, kernels, rows, updates, x_RI, scaled(tape, updates));
                for (int i = 0; i < updates.parts().size(); i++) {
                    LowRank.Part part = updates.parts().get(i);
                    multiply(tape, kernels, rows, updates.inner(u_RR, i), part.b().value(), part.columns(y_RO), true);
                }
            }
        });
    }

    /** Enqueues the gradients with respect to the parameters, and overwrites {@code dx_RI}, which may be x itself, with the gradient with respect to x. */
    void backward(Tape tape, ExpertKernels kernels, Rows rows, Tensor dy_RO, Tensor x_RI, Tensor dx_RI) {
        if (weight_eOI.scaledType().isPresent()) {
            new ScaledExpertProducts(tape, kernels, rows, weight_eOI).backward(dy_RO, x_RI, dx_RI);
            return;
        }
        if (weight_eOI.isTrained()) {
            weightGradient(tape, kernels, rows, dy_RO, x_RI, weight_eOI);
        }
        if (adapter.isEmpty()) {
            inputGradient(tape, kernels, rows, dy_RO, weight_eOI.value(), dx_RI, false);
            return;
        }
        LowRank updates = adapter.get();
        try (Scope scope = tape.rank().memory().open()) {
            Tensor scaled = scaled(tape, updates);
            Tensor u_RR = inner(tape, kernels, rows, updates, x_RI, scaled);
            Tensor du_RR = tape.temporary("expert activations", x_RI.dtype(), x_RI.dim(0), updates.width());
            for (int i = 0; i < updates.parts().size(); i++) {
                LowRank.Part part = updates.parts().get(i);
                Tensor dy = part.columns(dy_RO);
                weightGradient(tape, kernels, rows, dy, updates.inner(u_RR, i), part.b());
                inputGradient(tape, kernels, rows, dy, part.b().value(), updates.inner(du_RR, i), false);
            }
            gradientOfA(tape, kernels, rows, updates, du_RR, x_RI);
            inputGradient(tape, kernels, rows, dy_RO, weight_eOI.value(), dx_RI, false);
            inputGradient(tape, kernels, rows, du_RR, scaled, dx_RI, true);
        }
    }

    /** s · a. */
    private static Tensor scaled(Tape tape, LowRank updates) {
        Tensor a = updates.a().value();
        if (updates.scale() == 1) {
            return a;
        }
        Tensor scaled = tape.temporary("workspace", a.dtype(), Tape.extents(a));
        tape.stream().fill(scaled, 0);
        tape.ops().elementwise().accumulate(tape.stream(), a, updates.scale(), scaled);
        return scaled;
    }

    /** s · x · aᵀ. */
    private static Tensor inner(Tape tape, ExpertKernels kernels, Rows rows, LowRank updates, Tensor x_RI,
            Tensor scaled) {
        Tensor u_RR = tape.temporary("expert activations", x_RI.dtype(), x_RI.dim(0), updates.width());
        multiply(tape, kernels, rows, x_RI, scaled, u_RR, false);
        return u_RR;
    }

    /** Adds s · Σ du ⊗ x: the sum is computed in single precision, then multiplied by s. */
    private static void gradientOfA(Tape tape, ExpertKernels kernels, Rows rows, LowRank updates, Tensor du_RR,
            Tensor x_RI) {
        if (updates.scale() == 1) {
            weightGradient(tape, kernels, rows, du_RR, x_RI, updates.a());
            return;
        }
        Tensor gradient = updates.a().gradient();
        Tensor unscaled = tape.temporary("workspace", DType.F32, Tape.extents(gradient));
        kernels.weightGradient(tape.stream(),
                new GroupedProduct.WeightGradient(du_RR, x_RI, rows.offsets_e, unscaled, false));
        if (!updates.a().accumulatesGradient()) {
            tape.stream().fill(gradient, 0);
        }
        tape.ops().elementwise().accumulate(tape.stream(), unscaled, updates.scale(), gradient);
    }

    private static void multiply(Tape tape, ExpertKernels kernels, Rows rows, Tensor x, Tensor w, Tensor y,
            boolean accumulate) {
        kernels.forward(tape.stream(), new GroupedProduct.Forward(x, w, rows.offsets_e, y, rows.before_1, accumulate));
    }

    private static void inputGradient(Tape tape, ExpertKernels kernels, Rows rows, Tensor dy, Tensor w, Tensor dx,
            boolean accumulate) {
        kernels.inputGradient(tape.stream(),
                new GroupedProduct.InputGradient(dy, w, rows.offsets_e, dx, rows.before_1, accumulate));
    }

    private static void weightGradient(Tape tape, ExpertKernels kernels, Rows rows, Tensor dy, Tensor x,
            Parameter w) {
        kernels.weightGradient(tape.stream(), new GroupedProduct.WeightGradient(dy, x, rows.offsets_e, w.gradient(),
                w.accumulatesGradient()));
    }
}
