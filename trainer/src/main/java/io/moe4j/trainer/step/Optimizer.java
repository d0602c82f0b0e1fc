package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.OptimizerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * AdamW on the shards that this rank holds, and the sum of the squares of their gradients.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Optimizer implements AutoCloseable {
    private final RankContext rank;
    private final OptimizerConfig config;
    private final long seed;
    private final List<Shard> shards = new ArrayList<>();
    private final List<Memory> memories = new ArrayList<>();

    /**
     * What belongs to one unit.
     *
     * @param unit its parameters and gradients
     * @param firstMoment (n), laid out like the unit's shard
     * @param secondMoment (n), laid out like the unit's shard
     */
    public record Shard(ParameterUnit unit, Tensor firstMoment, Tensor secondMoment) {}

    /**
     * Allocates the moments, and enqueues setting them to zero.
     *
     * @param seed of stochastic rounding
     */
    public Optimizer(RankContext rank, List<ParameterUnit> units, OptimizerConfig config, long seed) {
        this.rank = rank;
        this.config = config;
        this.seed = seed;
        try {
            units.forEach(unit -> shards.add(new Shard(unit, moment(unit), moment(unit))));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** What it holds, unit by unit. */
    public List<Shard> shards() {
        return List.copyOf(shards);
    }

    /** Enqueues sum[0] += Σ g² over all gradients that this rank holds. Called inside a scope. */
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

    /**
     * Enqueues the update.
     *
     * @param learningRate of this step
     * @param gradientScale what gradients are multiplied by: below 1 where they are clipped, more where labels do not count
     * @param step from 1
     */
    public void update(double learningRate, double gradientScale, long step) {
        for (Shard shard : shards) {
            switch (config.parameterRounding()) {
                case NEAREST -> update(shard, 0, shard.unit.shard().elements(), learningRate, gradientScale, step,
                        Rounding.nearest());
                case STOCHASTIC -> shard.unit.forEachPiece((parameter, from, fromInShard, count) -> update(shard,
                        fromInShard, count, learningRate, gradientScale, step, Rounding.Stochastic.of(seed,
                                parameter.name(), step, parameter.firstIndex() + from)));
            }
        }
    }

    private void update(Shard shard, long from, long count, double learningRate, double gradientScale, long step,
            Rounding rounding) {
        long to = from + count;
        rank.device().ops().optimizer().adamw(rank.stream(),
                new AdamW(shard.unit.shard().slice(0, from, to), shard.unit.gradientShard().slice(0, from, to),
                        shard.firstMoment.slice(0, from, to), shard.secondMoment.slice(0, from, to),
                        (float) learningRate, (float) config.beta1(), (float) config.beta2(), (float) config.eps(),
                        (float) config.weightDecay(), (float) gradientScale, step, rounding));
    }

    @Override
    public void close() {
        memories.reversed().forEach(Memory::close);
    }

    private Tensor moment(ParameterUnit unit) {
        long elements = unit.shard().elements();
        Memory memory = rank.device().allocate(Tensor.bytes(config.stateDtype(), elements), "optimizer state");
        memories.add(memory);
        Tensor moment = Tensor.of(memory, 0, config.stateDtype(), elements);
        rank.stream().fill(moment, 0);
        return moment;
    }
}
