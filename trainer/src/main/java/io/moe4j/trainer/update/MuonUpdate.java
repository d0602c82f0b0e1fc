package io.moe4j.trainer.update;

import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.OptimizerOps.Descent;
import io.moe4j.api.ops.OptimizerOps.Momentum;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.OptimizerConfig;
import io.moe4j.trainer.update.UnitMatrices.Matrix;
import java.util.IdentityHashMap;
import java.util.Optional;

/**
 * Updates matrices by Muon (Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024): the momentum of each matrix is orthogonalised, scaled
 * by the learning rate, and subtracted from the matrix.
 *
 * <p>A matrix that is spread over several shards is gathered, and orthogonalised by one rank, its owner. All ranks then get their part of the result through
 * a reduce-scatter, in which the terms of the other ranks are zero. So each matrix is computed once, and its bits do not depend on the number of shards.
 */
final class MuonUpdate {
    private final RankContext rank;
    private final OptimizerConfig config;
    private final ParameterRoundings roundings;
    private final DType type;
    private final NewtonSchulz newtonSchulz;
    private final IdentityHashMap<ParameterUnit, UnitMatrices> matrices = new IdentityHashMap<>();

    /** @param type element type of the products */
    MuonUpdate(RankContext rank, Model model, OptimizerConfig config, ParameterRules rules,
            ParameterRoundings roundings, DType type) {
        this.rank = rank;
        this.config = config;
        this.roundings = roundings;
        this.type = type;
        newtonSchulz = new NewtonSchulz(rank, config.muon().newtonSchulzSteps());
        model.units().forEach(unit -> matrices.put(unit, new UnitMatrices(unit, model,
                parameter -> rules.of(parameter) instanceof UpdateRule.Muon)));
    }

    /** Allocates the updates of a unit in the innermost open scope, for all shards one after the other. */
    Tensor open(UnitUpdate unit) {
        return rank.memory().allocate("updates", type, unit.unit().elements());
    }

    /** Enqueues the momentum of a part, and from it the update that is not yet orthogonalised. */
    void addPart(UnitUpdate unit, UpdatePart part, Tensor updates, StepRates rates) {
        rank.device().ops().optimizer().momentum(rank.stream(),
                Momentum.of(part.gradients(unit), part.firstMoment(),
                        own(unit, updates).slice(0, part.stretch().from(), part.stretch().to()))
                        .withBeta((float) config.muon().momentum()).withNesterov(config.muon().nesterov())
                        .withGradientScale((float) rates.gradientScale()));
    }

    /** Enqueues orthogonalising the updates of a unit, and subtracting them from the parameters. */
    void finish(UnitUpdate unit, Tensor updates, StepRates rates) {
        Optional<Collectives> shards = unit.unit().group().shards().filter(group -> group.group().size() > 1);
        shards.ifPresent(group -> group.allGather(rank.stream(), own(unit, updates), updates));
        UnitMatrices all = matrices.get(unit.unit());
        if (all == null) {
            throw new IllegalStateException("unit " + unit.unit().name() + " is not of the model that was opened");
        }
        int index = unit.unit().group().index();
        all.runs(index).forEach(run -> newtonSchulz.orthogonalize(
                updates.slice(0, run.from(), run.from() + run.count() * run.rows() * run.columns()).view(run.count(),
                        run.rows(), run.columns())));
        if (shards.isEmpty()) {
            descend(unit, all, updates, rates);
            return;
        }
        try (Scope scope = rank.memory().open()) {
            Tensor own = rank.memory().allocate("updates", DType.F32, unit.elements());
            scatter(unit, all, updates, shards.get(), own);
            descend(unit, all, own, rates);
        }
    }

    /** Distributes the orthogonalised updates: each rank gets those of its shard. */
    private void scatter(UnitUpdate unit, UnitMatrices all, Tensor updates, Collectives shards, Tensor own) {
        try (Scope scope = rank.memory().open()) {
            Tensor terms = rank.memory().allocate("updates", DType.F32, unit.unit().elements());
            rank.stream().fill(terms, 0);
            for (Matrix matrix : all.all()) {
                if (matrix.owner() == shards.group().index()) {
                    rank.device().ops().elementwise().copy(rank.stream(), view(updates, matrix), view(terms, matrix));
                }
            }
            shards.reduceScatter(rank.stream(), terms, own);
        }
    }

    /** @param updates the updates of this rank's shard */
    private void descend(UnitUpdate unit, UnitMatrices all, Tensor updates, StepRates rates) {
        long first = unit.unit().group().index() * unit.elements();
        double rate = rates.muonLearningRate();
        float keep = (float) (1 - rate * config.weightDecay());
        for (Matrix matrix : all.all()) {
            Stretch stretch = new Stretch(matrix.from() - first, matrix.from() + matrix.elements() - first,
                    new UpdateRule.Muon()).within(0, unit.elements());
            if (stretch.elements() == 0) {
                continue;
            }
            float scaled = (float) (rate * config.muon().scale().factor(matrix.rows(), matrix.columns()));
            Tensor parameters = unit.unit().shard().slice(0, stretch.from(), stretch.to());
            Tensor steps = updates.slice(0, stretch.from(), stretch.to());
            roundings.forEach(unit.unit(), stretch, rates.step(), (from, to, rounding) -> rank.device().ops()
                    .optimizer().descend(rank.stream(), Descent.of(parameters.slice(0, from, to),
                            steps.slice(0, from, to), scaled).withKeep(keep).withRounding(rounding)));
        }
    }

    private static Tensor view(Tensor flat, Matrix matrix) {
        return flat.slice(0, matrix.from(), matrix.from() + matrix.elements()).view(matrix.rows(), matrix.columns());
    }

    private static Tensor own(UnitUpdate unit, Tensor updates) {
        int index = unit.unit().group().index();
        return updates.slice(0, index * unit.elements(), (index + 1) * unit.elements());
    }
}
