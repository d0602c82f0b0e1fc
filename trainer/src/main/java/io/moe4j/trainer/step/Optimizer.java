package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.OptimizerConfig;
import io.moe4j.trainer.update.StepRates;
import io.moe4j.trainer.update.UnitMoments;
import io.moe4j.trainer.update.Updates;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Updates the shards that this rank holds, and sums the squares of their gradients.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Optimizer implements AutoCloseable {
    private final RankContext rank;
    private final Updates updates;
    private final List<Shard> shards;

    /**
     * The data of one unit.
     *
     * @param unit the unit's parameters and gradients
     * @param firstMoment (n), laid out like the unit's shard
     * @param secondMoment second moments of the elements that have some, one after the other; with AdamW, all elements have
     * @param secondMoments the ranges of elements that have second moments
     */
    public record Shard(ParameterUnit unit, Tensor firstMoment, Tensor secondMoment, List<Part> secondMoments) {

        private static Shard of(UnitMoments moments) {
            List<Part> parts = new ArrayList<>();
            long at = 0;
            for (var stretch : moments.update().withSecondMoments()) {
                long count = stretch.to() - stretch.from();
                parts.add(new Part(moments.second().slice(0, at, at + count), stretch.from()));
                at += count;
            }
            return new Shard(moments.update().unit(), moments.first(), moments.second(), List.copyOf(parts));
        }
    }

    /**
     * A tensor (n) for elements {@code from} to {@code from + n} of a unit's shard.
     *
     * @since 0.3.0
     */
    public record Part(Tensor tensor, long from) {}

    /**
     * Allocates the moments, which are zero.
     *
     * @param computeType element type of products
     * @param seed seed of stochastic rounding
     */
    public Optimizer(RankContext rank, Model model, OptimizerConfig config, DType computeType, long seed) {
        this.rank = rank;
        updates = new Updates(rank, model, config, computeType, seed);
        shards = updates.moments().units().stream().map(Shard::of).toList();
    }

    /**
     * The shards and moments, unit by unit. Work that is enqueued on the rank's main stream before the next update may read and write the moments there; the
     * next update uses the written values.
     */
    public List<Shard> shards() {
        settle();
        return shards;
    }

    /**
     * The shards and moments, for names and sizes only: their values may be elsewhere. Enqueues nothing, so any thread may call it.
     *
     * @since 0.3.0
     */
    public List<Shard> layout() {
        return shards;
    }

    /** Moves the moments, after an update, to the places that {@link #shards} gives. */
    void settle() {
        updates.moments().settle();
    }

    /** Enqueues sum[0] += Σ g² over all gradients g that this rank holds. Called inside a scope. */
    public void addSumOfSquares(Tensor sum) {
        for (Shard shard : shards) {
            Tensor gradient = shard.unit.gradientShard();
            long bytes = rank.device().workspaceSizes().sumOfSquares(gradient.elements());
            try (Scope scope = rank.memory().open()) {
                Optional<Tensor> workspace = bytes == 0 ? Optional.empty()
                        : Optional.of(rank.memory().allocate("workspace", DType.I32, (bytes + 3) / 4));
                rank.device().ops().optimizer().sumOfSquares(rank.stream(), gradient, sum, workspace);
            }
        }
    }

    /** Enqueues the update. Called inside a scope. */
    void update(StepRates rates) {
        updates.update(rates);
    }

    @Override
    public void close() {
        updates.close();
    }
}
