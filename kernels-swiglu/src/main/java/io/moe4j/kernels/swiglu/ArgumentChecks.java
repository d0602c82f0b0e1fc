package io.moe4j.kernels.swiglu;

import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/** Checks the arguments of the kernels. A violation is reported before anything is enqueued. */
final class ArgumentChecks {
    private static final List<Long> PIECES = List.of(1L, Scales.BLOCK);

    private ArgumentChecks() {}

    static void product(String what, Tensor rows, Tensor w_eOI, Tensor result, Tensor offsets_e, long in, long out) {
        weights(what, w_eOI);
        offsets(what, offsets_e);
        require(offsets_e.dim(0) == w_eOI.dim(0), what, "offsets " + offsets_e + " and weights " + w_eOI
                + " must have one entry for each local expert");
        rows(what, rows, in);
        rows(what, result, out);
        require(rows.dim(0) == result.dim(0), what, "rows " + rows + " and result " + result
                + " must have the same capacity");
        boolean fits = rows.dtype().isScaled() ? result.dtype().isPlainFloating() : rows.dtype() == result.dtype();
        require(rows.dtype() == w_eOI.dtype() && fits, what, "rows " + rows + ", weights " + w_eOI + " and result "
                + result + " must have one type, or the result F32 or BF16 where rows and weights have scales;"
                + " convert first");
        require(w_eOI.scales().stream().allMatch(scales -> scales.block().getFirst() == 1), what,
                "weights " + w_eOI + " must have scales of their own for each expert");
    }

    static void weightGradient(Tensor dy_RO, Tensor x_RI, Tensor dw_eOI, Tensor offsets_e) {
        String what = "weight gradient";
        weights(what, dw_eOI);
        offsets(what, offsets_e);
        require(offsets_e.dim(0) == dw_eOI.dim(0), what, "offsets " + offsets_e + " and gradient " + dw_eOI
                + " must have one entry for each local expert");
        rows(what, dy_RO, dw_eOI.dim(1));
        rows(what, x_RI, dw_eOI.dim(2));
        require(dy_RO.dim(0) == x_RI.dim(0) && dy_RO.dtype() == x_RI.dtype(), what, "rows " + dy_RO + " and " + x_RI
                + " must have one type and the same capacity");
        require(dw_eOI.dtype() == DType.F32 || (dy_RO.dtype().isScaled() ? dw_eOI.dtype().isPlainFloating()
                : dw_eOI.dtype() == dy_RO.dtype()), what, "gradient " + dw_eOI
                        + " must be F32, or of the type of the rows " + dy_RO + ", or BF16 where they have scales");
    }

    static void swiglu(SwiGlu.Forward arguments) {
        String what = "swiglu";
        offsets(what, arguments.offsets_e());
        Tensor gate = arguments.gate_RF();
        like(what, gate, gate);
        like(what, gate, arguments.up_RF());
        like(what, gate, arguments.h_RF());
        arguments.weights_R().ifPresent(weights -> scalars(what, gate, weights));
    }

    static void swiglu(SwiGlu.Backward arguments) {
        String what = "swiglu backward";
        offsets(what, arguments.offsets_e());
        Tensor gate = arguments.gate_RF();
        like(what, gate, gate);
        like(what, gate, arguments.up_RF());
        like(what, gate, arguments.dh_RF());
        like(what, gate, arguments.dgate_RF());
        like(what, gate, arguments.dup_RF());
        arguments.weights_R().ifPresent(weights -> scalars(what, gate, weights));
        arguments.dweights_R().ifPresent(weights -> scalars(what, gate, weights));
    }

    static void quantization(RowQuantization arguments) {
        String what = "quantize";
        Tensor x = arguments.x_RI();
        offsets(what, arguments.offsets_e());
        rows(what, x, x.rank() == 2 ? x.dim(1) : 0);
        require(x.scales().stream().allMatch(scales -> scales.block().equals(PIECES)), what,
                "rows " + x + " that have scales already must have one for each " + PIECES);
        arguments.results().forEach(result -> require(result.scales().stream().allMatch(
                scales -> scales.block().equals(PIECES) || scales.block().equals(PIECES.reversed())), what,
                "the result " + result + " must have one scale for each " + PIECES + " or " + PIECES.reversed()));
    }

    private static void like(String what, Tensor gate, Tensor rows) {
        rows(what, rows, gate.dim(1));
        require(rows.dim(0) == gate.dim(0) && rows.dtype() == gate.dtype() && rows.dtype().isPlainFloating(), what,
                "rows " + rows + " must have the shape and type of the gate " + gate + ", F32 or BF16");
    }

    private static void scalars(String what, Tensor gate, Tensor weights) {
        require(weights.rank() == 1 && weights.dtype() == DType.F32 && weights.isContiguous()
                && weights.dim(0) >= gate.dim(0), what,
                "row weights " + weights + " must be dense, F32, and have one entry for each of " + gate.dim(0)
                        + " rows");
    }

    private static void rows(String what, Tensor rows, long elements) {
        require(rows.rank() == 2 && rows.dtype().isFloating(), what,
                "rows " + rows + " must be a matrix of floating-point numbers");
        require(rows.dim(1) == elements, what, "rows " + rows + " must have " + elements + " elements");
        boolean byColumns = rows.dtype().isScaled() && rows.stride(0) == 1;
        require(byColumns || rows.dim(1) <= 1 || rows.stride(1) == 1, what,
                "rows " + rows + " must have dense elements, or dense columns where they have scales");
        require(byColumns || rows.dim(0) <= 1 || (rows.stride(0) >= rows.dim(1) && rows.stride(0) <= Integer.MAX_VALUE),
                what,
                "rows " + rows + " must not overlap, and their stride must stay under 2^31 elements");
    }

    private static void weights(String what, Tensor w_eOI) {
        require(w_eOI.rank() == 3 && w_eOI.dtype().isFloating(), what,
                "weights " + w_eOI + " must be (experts, O, I), of floating-point numbers");
        require(w_eOI.dim(2) <= 1 || w_eOI.stride(2) == 1 || (w_eOI.dtype().isScaled() && w_eOI.stride(1) == 1), what,
                "weights " + w_eOI + " must have dense rows, or dense columns where they have scales");
        require(w_eOI.stride(1) <= Integer.MAX_VALUE, what,
                "weights " + w_eOI + " must have a row stride under 2^31 elements");
    }

    private static void offsets(String what, Tensor offsets_e) {
        require(offsets_e.rank() == 1 && offsets_e.dtype() == DType.I32 && offsets_e.dim(0) > 0
                && offsets_e.isContiguous(), what,
                "offsets " + offsets_e + " must be dense I32, one running sum for each local expert");
    }

    private static void require(boolean holds, String what, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(what + ": " + rule);
        }
    }
}
