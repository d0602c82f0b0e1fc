package io.moe4j.api.comm;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * The shapes that a backend is opened for. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param tokens T, tokens of a rank in one exchange, &ge; 0, the same on all ranks
 * @param dim D, elements of a row
 * @param experts E, divisible by the group's size
 * @param topK K, experts of a token, 1 to E
 * @param rowType F32 or BF16
 * @param capacity rows that a rank can receive
 * @param onOverflow what happens to rows beyond the capacity
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CommConfig(long tokens, long dim, int experts, int topK, DType rowType, ReceiveCapacity capacity,
        OverflowAction onOverflow) {

    public CommConfig {
        if (tokens < 0 || dim < 1 || experts < 1 || topK < 1 || topK > experts || !rowType.isFloating()) {
            throw new IllegalArgumentException("tokens " + tokens + ", dim " + dim + ", experts " + experts + ", topK "
                    + topK + ", rows of "
                    + rowType + ": tokens >= 0, dim >= 1, 1 <= topK <= experts, and rows of F32 or BF16 are needed");
        }
    }

    /** Dropless: the receive buffer holds the worst case. */
    public static CommConfig of(long tokens, long dim, int experts, int topK, DType rowType) {
        return new CommConfig(tokens, dim, experts, topK, rowType, ReceiveCapacity.worstCase(), OverflowAction.FAIL);
    }

    public CommConfig withCapacity(ReceiveCapacity value, OverflowAction action) {
        return new CommConfig(tokens, dim, experts, topK, rowType, value, action);
    }

    /** N = T·K, rows that a rank sends. */
    public long routedRows() {
        return tokens * topK;
    }

    /** R_max for a group of {@code ranks}. */
    public long capacityRows(int ranks) {
        return capacity.rows(tokens, topK, experts, ranks);
    }
}
