package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The keys that only Muon has. Its weight decay is the key {@code optimizer.weight_decay}, as for AdamW.
 *
 * @param lr the highest learning rate of matrices, above 0
 * @param momentum β, the decay of the momentum, in [0, 1)
 * @param nesterov whether the momentum is Nesterov's, which looks one step ahead
 * @param newtonSchulzSteps iterations that orthogonalise an update, at least 1
 * @param scale how the learning rate depends on the shape of a matrix
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record MuonConfig(double lr, double momentum, boolean nesterov, int newtonSchulzSteps, MuonScale scale) {

    /** With another value of {@code lr}. */
    public MuonConfig withLr(double value) {
        return Components.with(this, "lr", value);
    }

    /** With another value of {@code momentum}. */
    public MuonConfig withMomentum(double value) {
        return Components.with(this, "momentum", value);
    }

    /** With another value of {@code nesterov}. */
    public MuonConfig withNesterov(boolean value) {
        return Components.with(this, "nesterov", value);
    }

    /** With another value of {@code newtonSchulzSteps}. */
    public MuonConfig withNewtonSchulzSteps(int value) {
        return Components.with(this, "newtonSchulzSteps", value);
    }

    /** With another value of {@code scale}. */
    public MuonConfig withScale(MuonScale value) {
        return Components.with(this, "scale", value);
    }
}
