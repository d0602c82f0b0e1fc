package io.moe4j.trainer.update;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.ops.Rounding;
import io.moe4j.trainer.config.OptimizerConfig;

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

    void update(UnitUpdate unit, UpdatePart part, UpdateRule.AdamW rule, StepRates rates) {
        roundings.forEach(unit.unit(), part.stretch(), rates.step(), (from, to, rounding) -> rank.device().ops()
                .optimizer().adamw(rank.stream(), call(unit, part, from, to, rule, rates, rounding)));
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
