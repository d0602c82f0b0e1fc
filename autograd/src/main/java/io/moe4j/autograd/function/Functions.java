package io.moe4j.autograd.function;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/**
 * The differentiable operations by name; each is implemented by one small class.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Functions {

    private Functions() {}

    /** y_TO = x_TI · wᵀ, for a parameter w of shape (O, I); in the {@linkplain Parameter#scaledType() type with scales} that w is multiplied in, if any. */
    public static Variable linear(Tape tape, Variable x_TI, Parameter w_OI) {
        return linear(tape, x_TI, w_OI, Optional.empty());
    }

    /**
     * y_TO = x_TI · wᵀ, with low-rank updates of parts of w.
     *
     * @since 0.3.0
     */
    public static Variable linear(Tape tape, Variable x_TI, Parameter w_OI, Optional<LowRank> adapter) {
        if (w_OI.scaledType().isEmpty()) {
            return tape.apply(new LinearOperation(x_TI, w_OI, adapter), x_TI);
        }
        if (adapter.isPresent()) {
            throw new IllegalArgumentException(w_OI + " has low-rank updates, and is multiplied in "
                    + w_OI.scaledType().get() + "; multiply it in the type of activations");
        }
        return tape.apply(new ScaledLinearOperation(x_TI, w_OI), x_TI);
    }

    /** a + b, of one shape. */
    public static Variable add(Tape tape, Variable a, Variable b) {
        return tape.apply(new Add(a, b), a, b);
    }

    /** RMSNorm over the first {@code weight.elements()} = D of the C columns of x_TC. */
    public static Variable rmsNorm(Tape tape, Variable x_TC, Parameter weight_D, float eps) {
        return tape.apply(new RmsNormOperation(x_TC, weight_D, eps), x_TC);
    }

    /** silu(gate) · up, for gate and up side by side: (T, 2F) → (T, F). */
    public static Variable swiglu(Tape tape, Variable gateUp_T2F) {
        return tape.apply(new DenseSwiGlu(gateUp_T2F), gateUp_T2F);
    }

    /** Causal attention: q (B·S, H·Q), k (B·S, G·Q), v (B·S, G·V) → (B·S, H·V), where Q and V are elements of one head. */
    public static Variable attention(Tape tape, AttentionShape shape, float scale, Variable q, Variable k, Variable v) {
        return attention(tape, AttentionCall.of("attention", shape, scale), q, k, v);
    }

    /**
     * Causal attention, also within documents, and with values that are a part of v: q (B·S, H·Q), k (B·S, G·Q) and values (B, S, G, V) → (B·S, H·V).
     *
     * @since 0.3.0
     */
    public static Variable attention(Tape tape, AttentionCall call, Variable q, Variable k, Variable v) {
        return tape.apply(new CausalAttention(call, q, k, v), q, k, v);
    }
}
