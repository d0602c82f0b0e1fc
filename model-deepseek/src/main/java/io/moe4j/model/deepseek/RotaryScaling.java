package io.moe4j.model.deepseek;

import io.moe4j.api.Stability;

/** How rotary positions are stretched beyond the length that they were trained for. */
@Stability(Stability.Level.EVOLVING)
public sealed interface RotaryScaling {

    /** Not at all. */
    record None() implements RotaryScaling {}

    /**
     * YaRN (Peng et al., 2023): slow dimensions are interpolated, fast ones are left, with a ramp between.
     *
     * @param factor how much longer, at least 1
     * @param originalLength tokens before stretching
     * @param betaFast rotations over the original length from which on a dimension is left alone
     * @param betaSlow rotations up to which it is interpolated
     * @param mscale weight of the attention temperature m = 0.1 · mscale · ln(factor) + 1
     */
    record Yarn(double factor, long originalLength, double betaFast, double betaSlow, double mscale)
            implements RotaryScaling {
        public Yarn {
            if (!(factor >= 1) || originalLength < 1 || !(betaFast > betaSlow) || !(betaSlow > 0)
                    || !Double.isFinite(mscale)) {
                throw new IllegalArgumentException("YaRN with factor " + factor + ", original length " + originalLength
                        + ", beta_fast " + betaFast + ", beta_slow " + betaSlow + ", mscale " + mscale
                        + ": factor >= 1, length >= 1, beta_fast > beta_slow > 0, and a finite mscale are needed");
            }
        }
    }
}
