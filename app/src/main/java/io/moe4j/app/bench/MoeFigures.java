package io.moe4j.app.bench;

import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import java.util.Optional;

/**
 * What the parts of a mixture-of-experts layer move and compute. Of one rank: T tokens are routed to N = T·K rows, as many are received, by e = E/EP
 * experts. Of all
 * ranks: their tokens, and E experts.
 *
 * @param tokens T
 * @param topK K
 * @param dim D
 * @param hidden F
 * @param experts whose weights are read
 * @param dtype of rows and weights
 * @param gradients of the weights' gradients
 * @param leaving the part of the rows that go to an expert on another device
 * @param once of a dispatch that sends each row once to each rank; absent for one that sends each copy
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
    /** Appended to a name: each copy of a row is dispatched by itself. */
    static final String EACH_COPY = "_dedup_off";
    /** Appended to a name: each row is dispatched once to each rank. */
    static final String ONCE = "_dedup_on";
    /** Appended to a name: over buffers that the received rows fill, instead of the configured capacity. */
    static final String EXACT = "_exact_capacity";

    private static final int SCALAR = DType.F32.bytes();
    private static final int ID = DType.I32.bytes();
    private static final int CHAIN = DType.I32.bytes();
    private static final int DESTINATION = DType.I64.bytes();

    static MoeFigures of(MoeSpec moe, long tokens, int experts, DType dtype, DType gradients) {
        return new MoeFigures(tokens, moe.topK(), moe.dim(), moe.expertHidden(), experts, dtype, gradients, 0,
                Optional.empty());
    }

    /** The same with the experts spread over some devices; rows go to all of them alike. */
    MoeFigures over(int devices) {
        return new MoeFigures(tokens, topK, dim, hidden, experts, dtype, gradients, (devices - 1.0) / devices,
                once);
    }

    /** The same with rows that are dispatched once to each rank, or not. */
    MoeFigures sending(Optional<RowsSentOnce> rows) {
        return new MoeFigures(tokens, topK, dim, hidden, experts, dtype, gradients, leaving, rows);
    }

    /** N, which is R on average, and over all ranks. */
    double rows() {
        return (double) tokens * topK;
    }

    /** Ids to destinations. */
    BenchPart plan() {
        return new BenchPart(PLAN, rows() * (ID + DESTINATION), 0);
    }

    /** Each token's row is read once, and written K times, with its weight. */
    BenchPart dispatch() {
        return new BenchPart(DISPATCH, dispatched() + 2 * SCALAR * rows(),
                dispatchedOverLinks() + SCALAR * leaving * rows(), 0);
    }

    /** K rows are read for each token, and their sum written. */
    BenchPart combine() {
        return new BenchPart(COMBINE, exchange(), link(), 0);
    }

    /** The dispatch of the gradients; their rows have no weights. */
    BenchPart combineAdjoint() {
        return new BenchPart(COMBINE_ADJOINT, dispatched(), dispatchedOverLinks(), 0);
    }

    /** The combine of the gradients, and of the weights' gradients. */
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

    /** Reads gate, up and the weights of the rows; writes h. */
    BenchPart swiglu() {
        return new BenchPart(SWIGLU, 3 * dtype.bytes() * rows() * hidden + SCALAR * rows(), 0);
    }

    /** Reads gate, up, dh and the weights of the rows; writes the gradients of gate, up and weights. */
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

    /** All but those that one of these is made of, in the order in which a layer runs them. */
    List<BenchPart> layer() {
        return List.of(plan(), dispatch(), gateUp(), swiglu(), down(), combine(), combineAdjoint(), downInput(),
                downWeight(), swigluBackward(), gateUpWeight(), gateUpInput(), dispatchAdjoint());
    }

    private double exchange() {
        return dtype.bytes() * dim * (tokens + rows()) + DESTINATION * rows();
    }

    /** Rows that arrived once are read again where they are copied; the chains to the copies are written and read. */
    private double dispatched() {
        return exchange() + once.map(rows -> rows.chained() * rowBytes() + 2 * CHAIN * rows()).orElse(0.0);
    }

    /** Of dispatched rows and the chains of their copies, what goes from one device to another. */
    private double dispatchedOverLinks() {
        return once.map(rows -> rows.crossing() * rowBytes() + CHAIN * leaving * rows()).orElseGet(this::link);
    }

    private double rowBytes() {
        return (double) dtype.bytes() * dim;
    }

    /** Of the rows, what goes from one device to another. */
    private double link() {
        return leaving * rows() * dtype.bytes() * dim;
    }

    /** Rows of D elements on one side, of {@code columns} on the other, and a matrix of both for each expert. */
    private BenchPart product(String name, long columns, DType matrices) {
        double matrix = (double) dim * columns;
        return new BenchPart(name, dtype.bytes() * rows() * (dim + columns) + matrices.bytes() * experts * matrix,
                2 * rows() * matrix);
    }
}
