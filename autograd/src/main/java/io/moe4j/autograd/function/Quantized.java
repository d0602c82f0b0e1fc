package io.moe4j.autograd.function;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import java.util.List;
import java.util.Optional;

/**
 * Temporaries of types with scales, for operands of products. A product that sums over the elements of a row needs one scale for each 1 × 128 elements; one
 * that sums over rows needs one for each 128 × 1. Their content is undefined until something quantizes into them.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Quantized {
    private static final String PURPOSE = "quantized operands";
    private static final long COLUMN_ALIGNMENT = 16;

    private Quantized() {}

    /** Of the shape of x (T, C), with one scale for each 1 × 128. */
    public static Tensor rowsLike(Tape tape, DType type, Tensor x_TC) {
        Tensor scales = tape.temporary(PURPOSE, DType.F32, Scales.shapeOfRows(Tape.extents(x_TC)));
        return tape.temporary(PURPOSE, type, Tape.extents(x_TC)).withScales(Optional.of(Scales.ofRows(scales)));
    }

    /** Of the shape of x (T, C), with one scale for each 128 × 1. Its columns are contiguous, because devices sum over contiguous elements. */
    public static Tensor columnsLike(Tape tape, DType type, Tensor x_TC) {
        Tensor scales = tape.temporary(PURPOSE, DType.F32, Scales.shapeOfColumns(x_TC.dim(0), x_TC.dim(1)));
        // A GPU's bulk copies must begin at multiples of 16 bytes.
        long stride = Math.ceilDiv(x_TC.dim(0), COLUMN_ALIGNMENT) * COLUMN_ALIGNMENT;
        return tape.temporary(PURPOSE, type, x_TC.dim(1), stride).strided(Tape.extents(x_TC), new long[] {1, stride})
                .withScales(Optional.of(Scales.ofColumns(scales)));
    }

    /** Enqueues the quantization of x into tensors of its shape; a device may read x once for all of them. */
    public static void fill(Tape tape, Tensor x_TC, Tensor... quantized) {
        ops(tape).quantizeEach(tape.stream(), x_TC, List.of(quantized));
    }

    private static ScalingOps ops(Tape tape) {
        return tape.ops().scaling().orElseThrow(() -> new IllegalStateException(
                tape.rank().device().description() + " computes no scales; ask DeviceOps.supports before a run"));
    }
}
