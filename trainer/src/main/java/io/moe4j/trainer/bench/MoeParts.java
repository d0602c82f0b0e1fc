package io.moe4j.trainer.bench;

import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;

/** What the parts of a layer move and compute, in the order in which they run. */
final class MoeParts {
    static final String PLAN = "plan";
    static final String DISPATCH = "dispatch";
    static final String GATE_UP = "gate_up_product";
    static final String SWIGLU = "swiglu";
    static final String SWIGLU_EXACT = "swiglu_exact_capacity";
    static final String SWIGLU_AGAIN = "swiglu_full_capacity";
    static final String DOWN = "down_product";
    static final String COMBINE = "combine";
    static final String COMBINE_ADJOINT = "combine_adjoint";
    static final String DOWN_INPUT = "down_input_gradient";
    static final String DOWN_WEIGHT = "down_weight_gradient";
    static final String SWIGLU_BACKWARD = "swiglu_backward";
    static final String GATE_UP_WEIGHT = "gate_up_weight_gradient";
    static final String GATE_UP_INPUT = "gate_up_input_gradient";
    static final String DISPATCH_ADJOINT = "dispatch_adjoint";

    private MoeParts() {}

    /**
     * @param tokens of all ranks
     * @param dtype of rows and weights; weights' gradients are F32
     */
    static List<MoePart> of(MoeSpec moe, long tokens, DType dtype) {
        double s = dtype.bytes();
        double rows = (double) tokens * moe.topK();
        double d = moe.dim();
        double f = moe.expertHidden();
        double weights = moe.experts() * d * f;
        double exchange = s * d * (tokens + rows) + 8 * rows;
        double product = 2 * rows * d * f;
        double up = s * rows * (d + 2 * f);
        double down = s * rows * (d + f);
        return List.of(new MoePart(PLAN, 12 * rows, 0),
                new MoePart(DISPATCH, exchange + 8 * rows, 0),
                new MoePart(GATE_UP, up + 2 * s * weights, 2 * product),
                new MoePart(SWIGLU, 3 * s * rows * f + 4 * rows, 0),
                new MoePart(SWIGLU_EXACT, 3 * s * rows * f + 4 * rows, 0),
                new MoePart(SWIGLU_AGAIN, 3 * s * rows * f + 4 * rows, 0),
                new MoePart(DOWN, down + s * weights, product),
                new MoePart(COMBINE, exchange, 0),
                new MoePart(COMBINE_ADJOINT, exchange, 0),
                new MoePart(DOWN_INPUT, down + s * weights, product),
                new MoePart(DOWN_WEIGHT, down + 4 * weights, product),
                new MoePart(SWIGLU_BACKWARD, 5 * s * rows * f + 8 * rows, 0),
                new MoePart(GATE_UP_WEIGHT, up + 8 * weights, 2 * product),
                new MoePart(GATE_UP_INPUT, up + 2 * s * weights, 2 * product),
                new MoePart(DISPATCH_ADJOINT, exchange + 8 * rows, 0));
    }
}
