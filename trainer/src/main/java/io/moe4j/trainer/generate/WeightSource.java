package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.checkpoint.WeightTransfer;

/**
 * A source of a model's parameters.
 *
 * @since 0.3.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface WeightSource {

    /** Sets all parameters and buffers of a model that holds them whole, and waits for the rank's stream; called by the rank's thread. */
    void load(RankContext rank, Model model);

    /** A source that gives parameters and buffers by their Hugging Face names. */
    static WeightSource byName(NamedValues values) {
        return (rank, model) -> WeightTransfer.fill(rank, model,
                (range, into, at) -> values.read(range.name(), range.from(),
                        into, at, Math.toIntExact(range.count())),
                buffer -> true);
    }

    /** Gives elements of named tensors. Called from several threads at once. */
    @FunctionalInterface
    interface NamedValues {
        /** Fills {@code into[at..at + count)} with the elements {@code from} and following of a tensor, row-major. */
        void read(String name, long from, float[] into, int at, int count);
    }
}
