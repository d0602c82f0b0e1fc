package io.moe4j.app.bench;

import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import java.util.Optional;

/**
 * Bytes that the parts of a mixture-of-experts layer must move, and operations that they need. For one rank: T tokens are routed as N = T·K rows, and its e =
 * E/EP experts receive N rows. For all ranks together: the tokens of all ranks, and E experts.
 *
 * @param tokens T
 * @param topK K
 * @param dim D
 * @param hidden F
 * @param experts how many experts' weights are read
 * @param dtype element type of rows and weights
 * @param gradients element type of the weights' gradients
 * @param leaving the fraction of rows that go to an expert on another device, 0 to 1
 * @param once figures of a dispatch that sends each row once to each rank; absent for one that sends every copy
 */
record MoeFigures(long tokens, int topK, long dim, long hidden, int experts, DType dtype, DType gradients,
        double leaving, Optional<RowsSentOnce> once) {
    static final String PLAN = "plan";
    static final String DISPATCH = "dispatch";
    static final String COMBINE = "combine";
    static final String COMBINE_ADJOINT = "combine_adjoint";
    static final String DISPATCH_ADJOINT = "dispatch_adjoint";
    static final String EXCHANGES = "layer_exchanges";
    static final String SWIGLU = "swiglu";
    static final String SWIGLU_BACKWARD = "swiglu_backward";
    static final String GATE_UP = "gate_up_product";
    static final String GATE_UP_INPUT = "gate_up_input_gradient";
    static final String GATE_UP_WEIGHT = "gate_up_weight_gradient";
    static final String DOWN = "down_product";
    static final String DOWN_INPUT = "down_input_gradient";
    static final String DOWN_WEIGHT = "down_weight_gradient";
    /** Appended to a part's name: each copy of a row is dispatched by itself. */
    static final String EACH_COPY = "_dedup_off";
    /** Appended to a part's name: each row is dispatched once to each rank. */
    static final String ONCE = "_dedup_on";
    /** Appended to a part's name: over buffers without unused rows, instead of the configured capacity. */
    static final String EXACT = "_exact_capacity";

    private static final int SCALAR = DType.F32.bytes();
    private static final int ID = DType.I32.bytes();
    private static final int CHAIN = DType.I32.bytes();
    private static final int DESTINATION = DType.I64.bytes();

    static MoeFigures of(MoeSpec moe, long tokens, int experts, DType dtype, DType gradients) {
        return new MoeFigures(tokens, moe.topK(), moe.dim(), moe.expertHidden(), experts, dtype, gradients, 0,
                Optional.empty());
    }

    /** The same with the experts spread over some devices, to which rows go in equal parts. */
    MoeFigures over(int devices) {
        return new MoeFigures(tokens, topK, dim, hidden, experts, dtype, gradients, (devices - 1.0) / devices,
                once);
    }

    /** The same, with rows that are dispatched once to each rank, or with every copy dispatched. */
    MoeFigures sending(Optional<RowsSentOnce> rows) {
        return new MoeFigures(tokens, topK, dim, hidden, experts, dtype, gradients, leaving, rows);
    }

    /** N, which is also the average of R, the rows that a rank receives. */
    double rows() {
        return (double) tokens * topK;
    }

    /** Plan: from the ids of experts to destinations. */
    BenchPart plan() {
        return new BenchPart(PLAN, rows() * (ID + DESTINATION), 0);
    }

    /** Dispatch: each token's row is read once, and written K times, with its weight. */
    BenchPart dispatch() {
        return new BenchPart(DISPATCH, dispatched() + 2 * SCALAR * rows(),
                dispatchedOverLinks() + SCALAR * leaving * rows(), 0);
    }

    /** Combine: K rows are read for each token, and their sum is written. */
    BenchPart combine() {
        return new BenchPart(COMBINE, exchange(), link(), 0);
    }

    /** Adjoint of combine: a dispatch of the gradients, whose rows have no weights. */
    BenchPart combineAdjoint() {
        return new BenchPart(COMBINE_ADJOINT, dispatched(), dispatchedOverLinks(), 0);
    }

    /** Adjoint of dispatch: a combine of the gradients, and of the weights' gradients. */
    BenchPart dispatchAdjoint() {
        return new BenchPart(DISPATCH_ADJOINT, exchange() + 2 * SCALAR * rows(), link() + SCALAR * leaving * rows(), 0);
    }

    /** All exchanges of a layer, one after the other: forward dispatches and combines, recompute dispatches again, backward does the adjoints. */
    BenchPart exchanges() {
        List<BenchPart> all = List.of(dispatch(), dispatch(), combine(), combineAdjoint(), dispatchAdjoint());
        return new BenchPart(EXCHANGES, all.stream().mapToDouble(BenchPart::bytes).sum(),
                all.stream().mapToDouble(BenchPart::linkBytes).sum(), 0);
    }

    /** The routed experts, forward and backward with full recompute, from the plan on: all parts one after the other. */
    BenchPart routed(String name) {
        List<BenchPart> all = List.of(plan(), exchanges(), gateUp(), gateUp(), swiglu(), swiglu(), down(), downInput(),
                downWeight(), swigluBackward(), gateUpWeight(), gateUpInput());
        return new BenchPart(name, all.stream().mapToDouble(BenchPart::bytes).sum(),
                all.stream().mapToDouble(BenchPart::linkBytes).sum(),
                all.stream().mapToDouble(BenchPart::flops).sum());
    }

    /** SwiGLU: reads gate, up and the weights of the rows; writes h. */
    BenchPart swiglu() {
        return new BenchPart(SWIGLU, 3 * dtype.bytes() * rows() * hidden + SCALAR * rows(), 0);
    }

    /** Gradient of SwiGLU: reads gate, up, dh and the weights of the rows; writes the gradients of gate, up and weights. */
    BenchPart swigluBackward() {
        return new BenchPart(SWIGLU_BACKWARD, 5 * dtype.bytes() * rows() * hidden + 2 * SCALAR * rows(), 0);
    }

    BenchPart gateUp() {
        return product(GATE_UP, 2 * hidden, dtype);
    }

    BenchPart gateUpInput() {
        return product(GATE_UP_INPUT, 2 * hidden, dtype);
    }

    BenchPart gateUpWeight() {
        return product(GATE_UP_WEIGHT, 2 * hidden, gradients);
    }

    BenchPart down() {
        return product(DOWN, hidden, dtype);
    }

    BenchPart downInput() {
        return product(DOWN_INPUT, hidden, dtype);
    }

    BenchPart downWeight() {
        return product(DOWN_WEIGHT, hidden, gradients);
    }

    /** All parts in the order in which a layer runs them, without those that are pieces of another part. */
    List<BenchPart> layer() {
        return List.of(plan(), dispatch(), gateUp(), swiglu(), down(), combine(), combineAdjoint(), downInput(),
                downWeight(), swigluBackward(), gateUpWeight(), gateUpInput(), dispatchAdjoint());
    }

    private double exchange() {
        return dtype.bytes() * dim * (tokens + rows()) + DESTINATION * rows();
    }

    /**
     * Further bytes of a dispatch that sends rows once: arrived rows are read again to be copied, and the chains that lead to the copies are written and read.
     */
    private double dispatched() {
        return exchange() + once.map(rows -> rows.chained() * rowBytes() + 2 * CHAIN * rows()).orElse(0.0);
    }

    /** Bytes of dispatched rows and of the chains of their copies that go from one device to another. */
    private double dispatchedOverLinks() {
        return once.map(rows -> rows.crossing() * rowBytes() + CHAIN * leaving * rows()).orElseGet(this::link);
    }

    private double rowBytes() {
        return (double) dtype.bytes() * dim;
    }

    /** Bytes of the rows that go from one device to another. */
    private double link() {
        return leaving * rows() * dtype.bytes() * dim;
    }

    /** A grouped product: rows of D elements on one side, of {@code columns} on the other, and a matrix of D by {@code columns} for each expert. */
    private BenchPart product(String name, long columns, DType matrices) {
        double matrix = (double) dim * columns;
        return new BenchPart(name, dtype.bytes() * rows() * (dim + columns) + matrices.bytes() * experts * matrix,
                2 * rows() * matrix);
    }
}
