package io.moe4j.trainer.update;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.config.OptimizerConfig;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Updates parts by AdamW. */
final class AdamWUpdate {
    private final RankContext rank;
    private final OptimizerConfig config;
    private final ParameterRoundings roundings;

    AdamWUpdate(RankContext rank, OptimizerConfig config, ParameterRoundings roundings) {
        this.rank = rank;
        this.config = config;
        this.roundings = roundings;
    }

    /** Returns whether it has also written the values that the unit keeps in the compute type. */
    boolean update(UnitUpdate unit, UpdatePart part, UpdateRule.AdamW rule, StepRates rates) {
        // The update can write its result a second time, rounded: F32 parameters as BF16. Otherwise a separate pass converts the stored values.
        Optional<Tensor> converted = part.converted(unit)
                .filter(_ -> part.parameters(unit).dtype().isSinglePrecision());
        AtomicBoolean writesConverted = new AtomicBoolean(converted.isPresent());
        roundings.forEach(unit.unit(), part.stretch(), rates.step(), (from, to, rounding) -> {
            AdamW call = call(unit, part, from, to, rule, rates, rounding);
            OptimizerOps ops = rank.device().ops().optimizer();
            if (converted.isEmpty()
                    || !ops.adamwConverted(rank.stream(), call, converted.get().slice(0, from, to))) {
                writesConverted.setPlain(false);
                ops.adamw(rank.stream(), call);
            }
        });
        return writesConverted.getPlain();
    }

    /** Updates elements {@code from} to {@code to} of the part. */
    private AdamW call(UnitUpdate unit, UpdatePart part, long from, long to, UpdateRule.AdamW rule, StepRates rates,
            Rounding rounding) {
        return new AdamW(part.parameters(unit).slice(0, from, to), part.gradients(unit).slice(0, from, to),
                part.firstMoment().slice(0, from, to), part.secondMoment().slice(0, from, to),
                (float) rates.learningRate(), (float) config.beta1(), (float) config.beta2(), (float) config.eps(),
                rule.decays() ? (float) config.weightDecay() : 0, (float) rates.gradientScale(), rates.step(),
                rounding);
    }
}
