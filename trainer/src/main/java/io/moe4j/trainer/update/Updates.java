package io.moe4j.trainer.update;

import io.moe4j.api.Stability;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.config.OptimizerConfig;
import io.moe4j.trainer.config.OptimizerName;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** The updates of all parameters of a rank, with their moments. */
@Stability(Stability.Level.INTERNAL)
public final class Updates implements AutoCloseable {
    private final RankContext rank;
    private final Moments moments;
    private final AdamWUpdate adamw;
    private final Optional<MuonUpdate> muon;

    /**
     * Allocates the moments, which are zero.
     *
     * @param computeType element type of products
     * @param seed seed of stochastic rounding
     */
    public Updates(RankContext rank, Model model, OptimizerConfig config, DType computeType, long seed) {
        this.rank = rank;
        ParameterRules rules = new ParameterRules(model, config);
        ParameterRoundings roundings = new ParameterRoundings(config.parameterRounding(), seed);
        adamw = new AdamWUpdate(rank, config, roundings);
        muon = config.name() == OptimizerName.MUON
                ? Optional.of(new MuonUpdate(rank, model, config, rules, roundings, computeType))
                : Optional.empty();
        List<UnitUpdate> units = model.units().stream().filter(unit -> !unit.isFrozen())
                .map(unit -> UnitUpdate.of(unit, rules::of)).toList();
        moments = config.offload()
                ? OffloadedMoments.open(rank, units, config.stateDtype(), config.offloadChunkBytes(),
                        config.offloadSlots())
                : ResidentMoments.open(rank, units, config.stateDtype());
    }

    /** The moments. */
    public Moments moments() {
        return moments;
    }

    /** Enqueues the updates of a step, in a scope. */
    public void update(StepRates rates) {
        for (UnitMoments unit : moments.units()) {
            try (Scope scope = rank.memory().open()) {
                update(unit, rates);
            }
        }
    }

    private void update(UnitMoments unit, StepRates rates) {
        Optional<Tensor> updates = muon.filter(each -> unit.update().usesMuon())
                .map(each -> each.open(unit.update()));
        AtomicBoolean converted = new AtomicBoolean(!unit.update().usesMuon());
        moments.visit(unit, part -> {
            switch (part.stretch().rule()) {
                case UpdateRule.AdamW rule -> {
                    if (!adamw.update(unit.update(), part, rule, rates)) {
                        converted.setPlain(false);
                    }
                }
                case UpdateRule.Muon rule -> muon.orElseThrow().addPart(unit.update(), part, updates.orElseThrow(),
                        rates);
            }
        });
        // The stretches of a shard have no gaps, so all of its values have been written.
        if (converted.getPlain()) {
            unit.update().unit().markConverted();
        }
        updates.ifPresent(each -> muon.orElseThrow().finish(unit.update(), each, rates));
    }

    @Override
    public void close() {
        moments.close();
    }
}
