package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;

/**
 * The shapes that a backend is opened for. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param tokens T, tokens of a rank in one exchange, &ge; 0, the same on all ranks
 * @param dim D, elements of a row
 * @param experts E, divisible by the group's size
 * @param topK K, experts of a token, 1 to E
 * @param rowType type of the rows that are dispatched: F32, BF16, or a type with {@linkplain DType#isScaled() scales}, one for each piece of 1 × 128
 * @param capacity rows that a rank can receive
 * @param onOverflow what happens to rows beyond the capacity
 * @param returnType type of the rows that combine sends back and sums: the row type, or F32 or BF16 if the row type has scales. Since SPI 1.3
 * @param dedup whether a row is sent to a rank only once; a backend that cannot do that ignores {@link Dedup#AUTO}. Since SPI 1.3
 * @param keptDispatches how many dispatches can {@linkplain DispatchRequest#keepsRows() keep their rows} at the same time, &ge; 0. The backend allocates
 *     {@link CommBackend#keptBytes()} for each when it is opened. Since SPI 1.3
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CommConfig(long tokens, long dim, int experts, int topK, DType rowType, ReceiveCapacity capacity,
        OverflowAction onOverflow, DType returnType, Dedup dedup, int keptDispatches) {

    public CommConfig {
        if (tokens < 0 || dim < 1 || experts < 1 || topK < 1 || topK > experts || !rowType.isFloating()) {
            throw new IllegalArgumentException("tokens " + tokens + ", dim " + dim + ", experts " + experts + ", topK "
                    + topK + ", rows of "
                    + rowType
                    + ": tokens >= 0, dim >= 1, 1 <= topK <= experts, and rows of floating-point numbers are needed");
        }
        if (keptDispatches < 0) {
            throw new IllegalArgumentException(
                    keptDispatches + " dispatches that keep their rows; it must be at least 0");
        }
        if (!returnType.isPlainFloating() || (!rowType.isScaled() && returnType != rowType)) {
            throw new IllegalArgumentException("rows of " + rowType + " that come back as " + returnType
                    + ": they come back in their own type, or as F32 or BF16 where theirs has scales");
        }
    }

    /** The components of SPI 1.2. Rows whose type has scales come back as BF16. */
    public CommConfig(long tokens, long dim, int experts, int topK, DType rowType, ReceiveCapacity capacity,
            OverflowAction onOverflow) {
        this(tokens, dim, experts, topK, rowType, capacity, onOverflow, rowType.isScaled() ? DType.BF16 : rowType,
                Dedup.AUTO, 0);
    }

    /** Dropless: the receive buffer holds the worst case. */
    public static CommConfig of(long tokens, long dim, int experts, int topK, DType rowType) {
        return new CommConfig(tokens, dim, experts, topK, rowType, ReceiveCapacity.worstCase(), OverflowAction.FAIL);
    }

    public CommConfig withCapacity(ReceiveCapacity value, OverflowAction action) {
        return new CommConfig(tokens, dim, experts, topK, rowType, value, action, returnType, dedup,
                keptDispatches);
    }

    /**
     * With another type of the rows that combine sends back, for dispatched rows that have scales.
     *
     * @since 0.3.0
     */
    public CommConfig withReturnType(DType type) {
        return new CommConfig(tokens, dim, experts, topK, rowType, capacity, onOverflow, type, dedup,
                keptDispatches);
    }

    /**
     * With another choice of whether a row is sent to a rank only once.
     *
     * @since 0.3.0
     */
    public CommConfig withDedup(Dedup value) {
        return new CommConfig(tokens, dim, experts, topK, rowType, capacity, onOverflow, returnType, value,
                keptDispatches);
    }

    /**
     * With memory for dispatches that keep their rows.
     *
     * @since 0.3.0
     */
    public CommConfig withKeptDispatches(int value) {
        return new CommConfig(tokens, dim, experts, topK, rowType, capacity, onOverflow, returnType, dedup, value);
    }

    /**
     * Number of scales of a dispatched row: one for each piece of 128 elements, or 0 if the row type has no scales.
     *
     * @since 0.3.0
     */
    public long scalesOfRow() {
        return rowType.isScaled() ? Math.ceilDiv(dim, Scales.BLOCK) : 0;
    }

    /** N = T·K, rows that a rank sends. */
    public long routedRows() {
        return tokens * topK;
    }

    /** R_max for a group of {@code ranks}. */
    public long capacityRows(int ranks) {
        return capacity.rows(tokens, topK, experts, ranks);
    }

    /**
     * Rows that a rank of a group of {@code ranks} receives in the worst case: EP · T · min(K, E/EP).
     *
     * @since 0.3.0
     */
    public long worstCaseRows(int ranks) {
        return ReceiveCapacity.worstCase().rows(tokens, topK, experts, ranks);
    }

    /**
     * The most rounds that a plan can need: the worst case divided by the capacity, rounded up, with {@link OverflowAction#ROUNDS}; otherwise 1.
     * Example: a worst case of 100 rows and a capacity of 30 give up to 4 rounds.
     *
     * @since 0.3.0
     */
    public int maxRounds(int ranks) {
        long rows = Math.max(1, capacityRows(ranks));
        return onOverflow == OverflowAction.ROUNDS
                ? Math.toIntExact(Math.max(1, Math.ceilDiv(worstCaseRows(ranks), rows)))
                : 1;
    }
}
