package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * Element types of a run.
 *
 * @param compute type of activations and gathered parameters
 * @param parameters type of the shards that the optimizer updates
 * @param gradients type of the shards of reduced gradients
 * @param optimizerState type of the optimizer's moments
 * @param dense type of the operands of products in attention and dense feed-forward networks: the compute type, or one with scales; since 0.3.0
 * @param experts type of the operands of products in experts: the compute type, or one with scales; since 0.3.0
 * @param dispatched type of the rows that are sent to experts: the compute type, or one with scales; since 0.3.0
 * @param keepsConverted whether units that a rank holds whole keep their values in the compute type too; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Precision(DType compute, DType parameters, DType gradients, DType optimizerState, DType dense,
        DType experts, DType dispatched, boolean keepsConverted) {

    public Precision {
        if (isOther(dense, compute) || isOther(experts, compute) || isOther(dispatched, compute)) {
            throw new IllegalArgumentException("products of " + dense + " (dense) and " + experts
                    + " (experts), and rows that are sent as " + dispatched + ", where activations are " + compute
                    + ": each must be of the type of activations, or of one with scales such as F8_E4M3");
        }
        if (dispatched.isScaled() && experts != dispatched) {
            throw new IllegalArgumentException("rows that are sent to experts as " + dispatched
                    + ", whose products are of " + experts + ": rows with scales need products of the same type");
        }
    }

    /** Products and rows that are sent have the compute type. */
    public Precision(DType compute, DType parameters, DType gradients, DType optimizerState) {
        this(compute, parameters, gradients, optimizerState, compute, compute, compute, false);
    }

    private static boolean isOther(DType type, DType compute) {
        return type != compute && !type.isScaled();
    }

    /** All in single precision. */
    public static Precision single() {
        return new Precision(DType.F32, DType.F32, DType.F32, DType.F32);
    }

    /**
     * The types for frozen parameters: their shards have the compute type, because no optimizer updates them.
     *
     * @since 0.3.0
     */
    public Precision ofFrozen() {
        return new Precision(compute, compute, gradients, optimizerState, dense, experts, dispatched, keepsConverted);
    }

    /** Computes in bfloat16; everything else is in single precision. */
    public static Precision mixed() {
        return new Precision(DType.BF16, DType.F32, DType.F32, DType.F32);
    }

    /**
     * With other types of the operands of products, and of the rows that are sent.
     *
     * @since 0.3.0
     */
    public Precision withProducts(DType denseProducts, DType expertProducts, DType rows) {
        return new Precision(compute, parameters, gradients, optimizerState, denseProducts, expertProducts, rows,
                keepsConverted);
    }

    /**
     * Sets {@link #keepsConverted}: if true, a unit that a rank holds whole keeps its values in the compute type, and converts them once after each change
     * instead of at each gathering.
     *
     * @since 0.3.0
     */
    public Precision withConvertedKept(boolean keeps) {
        return new Precision(compute, parameters, gradients, optimizerState, dense, experts, dispatched, keeps);
    }
}
