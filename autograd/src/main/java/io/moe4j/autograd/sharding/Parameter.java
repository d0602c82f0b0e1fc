package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A trained tensor, as one rank holds it. Its value exists while its {@link ParameterUnit} is gathered.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Parameter {
    private final String name;
    private final List<Long> shape;
    private final long firstIndex;
    private @Nullable Tensor value;
    private @Nullable Tensor gradient;
    private boolean gradientWritten;
    private boolean frozen;
    private boolean inUnit;
    private Optional<DType> scaledType = Optional.empty();
    private @Nullable Tensor scaled;
    private boolean contributedOnce;
    private @Nullable Tensor scaledByColumns;

    /**
     * A parameter.
     *
     * @param name unique within the rank
     * @param shape extents here
     * @param firstIndex index of its first element in the whole parameter, for one that is divided over ranks by rows, such as local experts; else 0
     */
    public Parameter(String name, long firstIndex, long... shape) {
        this.name = name;
        this.shape = LongStream.of(shape).boxed().toList();
        this.firstIndex = firstIndex;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /**
     * The part of its name that it has in common with the same parameter of other blocks: {@code attention.query} of {@code layers.3.attention.query}.
     * A name without a number is its own role.
     *
     * @since 0.3.0
     */
    public String role() {
        return name.replaceFirst("^.*?\\.\\d+\\.", "");
    }

    /** Extents. */
    public long[] shape() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    /** Number of elements here. */
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** Index of its first element in the whole parameter. */
    public long firstIndex() {
        return firstIndex;
    }

    /**
     * Whether training changes it. A frozen parameter has no gradient: operations compute none with respect to it.
     *
     * @since 0.3.0
     */
    public boolean isTrained() {
        return !frozen;
    }

    /**
     * Declares, before its unit is made, that each microbatch contributes to its gradient at most once, in an operation that rounds its sum once to the type
     * of the tensor that it writes. Then that tensor may have the type of reduced gradients, so that no copy converts it: where this is the compute type, or
     * where the operation multiplies numbers {@linkplain #multiplyIn with scales}.
     *
     * @return this
     * @since 0.3.0
     */
    public Parameter withOneContribution() {
        contributedOnce = true;
        return this;
    }

    boolean isContributedOnce() {
        return contributedOnce;
    }

    /**
     * Its value, in the compute type.
     *
     * @throws IllegalStateException if its unit is not gathered
     */
    public Tensor value() {
        if (value == null) {
            throw new IllegalStateException(
                    "parameter " + name + " is used while its unit is not gathered; gather the unit first");
        }
        return value;
    }

    /**
     * Declares that products read this parameter quantized to {@code type}; a type without scales changes nothing. Call it before the unit is made.
     *
     * @throws IllegalStateException if a unit has been made of it
     * @since 0.3.0
     */
    public void multiplyIn(DType type) {
        if (inUnit) {
            throw new IllegalStateException(
                    "parameter " + name + " is to be multiplied in " + type + ", but its unit has been made; declare"
                            + " it before that");
        }
        scaledType = type.isScaled() ? Optional.of(type) : Optional.empty();
    }

    /**
     * The type with scales in which products read it; empty if they read {@link #value()}.
     *
     * @since 0.3.0
     */
    public Optional<DType> scaledType() {
        return scaledType;
    }

    /**
     * The operand of products: {@link #value()}, or the value quantized to {@link #scaledType()}, with one scale for each block of 128 × 128. In the second
     * case, {@code value()} may be unavailable.
     *
     * @throws IllegalStateException if its unit is not gathered
     * @since 0.3.0
     */
    public Tensor operand() {
        if (scaledType.isEmpty()) {
            return value();
        }
        if (scaled == null) {
            throw new IllegalStateException(
                    "parameter " + name + " is multiplied while its unit is not gathered; gather the unit first");
        }
        return scaled;
    }

    /**
     * The operand of the product that gives the gradient with respect to the input, which sums along the columns of each matrix: {@link #operand()}, but
     * quantized values are stored with contiguous columns.
     *
     * @throws IllegalStateException if its unit is not gathered
     * @since 0.3.0
     */
    public Tensor operandByColumns() {
        Tensor operand = operand();
        return scaledByColumns == null ? operand : scaledByColumns;
    }

    /**
     * The tensor for its gradient, F32, or of the reduced gradients' type after {@link #withOneContribution}: call {@link #accumulatesGradient} once for each
     * contribution, and add to the tensor if it returns true.
     *
     * @throws IllegalStateException if its unit's gradients are not open, which those of a frozen unit never are
     */
    public Tensor gradient() {
        if (gradient == null) {
            throw new IllegalStateException(
                    "the gradient of parameter " + name + " is used while its unit's gradients are not open");
        }
        return gradient;
    }

    /** Whether a contribution must be added: false for the first contribution in this step, or since the gradients were opened; true afterwards. */
    public boolean accumulatesGradient() {
        boolean accumulate = gradientWritten;
        if (accumulate && contributedOnce && !gradient().dtype().isSinglePrecision()) {
            throw new IllegalStateException("a second contribution to the gradient of " + this + " in a microbatch,"
                    + " which was declared with withOneContribution(); declare it without");
        }
        gradientWritten = true;
        return accumulate;
    }

    boolean isGradientWritten() {
        return gradientWritten;
    }

    void freeze() {
        frozen = true;
    }

    /** Notes that a unit has been made of it. */
    void join() {
        inUnit = true;
    }

    void bindValue(@Nullable Tensor tensor) {
        value = tensor;
    }

    /** @param byColumns the same numbers, stored with contiguous columns */
    void bindScaled(@Nullable Tensor tensor, @Nullable Tensor byColumns) {
        scaled = tensor;
        scaledByColumns = byColumns;
    }

    /** @param written whether {@code tensor} already holds contributions, to which later ones are added */
    void bindGradient(Tensor tensor, boolean written) {
        gradient = tensor;
        gradientWritten = written;
    }

    void closeGradient() {
        gradient = null;
        gradientWritten = false;
    }

    @Override
    public String toString() {
        return name + shape;
    }
}
