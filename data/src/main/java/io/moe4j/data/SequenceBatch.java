package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.Optional;

/**
 * Tokens of one rank in one step: sequence after sequence, all microbatches together.
 *
 * @param ids_T token ids
 * @param labels_T for each token the id that follows it, or {@link #IGNORED}
 * @param starts_T for token s of its sequence, the place in the sequence, 0 to s, where its document begins; absent if tokens attend to all tokens before
 *     them in their sequence
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
@SuppressWarnings("ArrayRecordComponent")
public record SequenceBatch(int[] ids_T, int[] labels_T, Optional<int[]> starts_T) {
    /** The label of a token that has no loss. */
    public static final int IGNORED = -100;
}
