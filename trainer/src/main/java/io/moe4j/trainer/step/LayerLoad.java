package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.OptionalLong;

/**
 * How one layer has spread the tokens of a step over its experts. For example, with 4 experts that got [6, 2, 0, 0] tokens, {@link #entropy} is
 * 0.41 (it would be 1 if all were even), and {@link #imbalance} is 3, since the fullest expert got 6 tokens and the mean is 2.
 *
 * @param layer index in the model, from 0
 * @param tokensPerExpert tokens that each expert got, of all ranks and microbatches
 * @param receivedRowsMax rows that the fullest rank received in one exchange of this layer, dropped ones included; the mean over the microbatches,
 *     rounded up, if there are several
 * @param droppedRows rows that were dropped, all ranks together; absent if rows were dropped in a step of several microbatches, because the layer is then
 *     unknown
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record LayerLoad(int layer, List<Long> tokensPerExpert, long receivedRowsMax, OptionalLong droppedRows) {

    public LayerLoad {
        tokensPerExpert = List.copyOf(tokensPerExpert);
    }

    /**
     * Entropy of the distribution of tokens over experts, divided by its largest value: 1 if all got the same, 0 if one got everything or nothing was routed.
     */
    public double entropy() {
        double total = total();
        if (total == 0 || tokensPerExpert.size() < 2) {
            return 0;
        }
        double entropy = 0;
        for (long tokens : tokensPerExpert) {
            if (tokens > 0) {
                entropy -= tokens / total * Math.log(tokens / total);
            }
        }
        return Math.max(0, entropy / Math.log(tokensPerExpert.size()));
    }

    /** Tokens of the fullest expert, divided by the mean: 1 if all got the same; 0 if nothing was routed. */
    public double imbalance() {
        long fullest = tokensPerExpert.stream().mapToLong(Long::longValue).max().orElse(0);
        return total() == 0 ? 0 : fullest * (double) tokensPerExpert.size() / total();
    }

    private long total() {
        return tokensPerExpert.stream().mapToLong(Long::longValue).sum();
    }
}
