package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;

/**
 * How rotary positions are stretched beyond the length that they were trained for.
 *
 * @since 0.2
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface RotaryScaling {

    /** Not at all. */
    record None() implements RotaryScaling {}

    /**
     * All frequencies are divided by a factor.
     *
     * @param factor how much longer, at least 1
     */
    record Linear(double factor) implements RotaryScaling {
        public Linear {
            if (!(factor >= 1) || !Double.isFinite(factor)) {
                throw new IllegalArgumentException("linear scaling by " + factor + ": the factor must be at least 1");
            }
        }
    }

    /**
     * YaRN (Peng et al., 2023): slow dimensions are interpolated, fast ones are left, with a ramp between.
     *
     * @param factor how much longer, at least 1
     * @param originalLength tokens before stretching
     * @param betaFast rotations over the original length from which on a dimension is left alone
     * @param betaSlow rotations up to which it is interpolated
     * @param truncate whether the ends of the ramp are moved outwards to whole dimensions
     * @param amplitude factor of cosines and sines, and so of rotated queries and keys
     */
    record Yarn(double factor, long originalLength, double betaFast, double betaSlow, boolean truncate,
            double amplitude) implements RotaryScaling {
        public Yarn {
            if (!(factor >= 1) || originalLength < 1 || !(betaFast > betaSlow) || !(betaSlow > 0)
                    || !(amplitude > 0) || !Double.isFinite(factor * betaFast * amplitude)) {
                throw new IllegalArgumentException("YaRN with factor " + factor + ", original length " + originalLength
                        + ", beta_fast " + betaFast + ", beta_slow " + betaSlow + ", attention factor " + amplitude
                        + ": factor >= 1, length >= 1, beta_fast > beta_slow > 0, attention factor > 0 are needed");
            }
        }

        /** 0.1 · mscale · ln(factor) + 1, or 1 where nothing is stretched: how much sharper attention has to be over a longer text. */
        public static double temperature(double factor, double mscale) {
            return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
        }
    }

    /**
     * Llama 3.1's: dimensions with long waves are interpolated, those with short ones are left, with a ramp between.
     *
     * @param factor how much longer, at least 1
     * @param originalLength tokens before stretching
     * @param lowFrequencyFactor waves longer than {@code originalLength / lowFrequencyFactor} are interpolated
     * @param highFrequencyFactor waves shorter than {@code originalLength / highFrequencyFactor} are left alone
     */
    record Llama3(double factor, long originalLength, double lowFrequencyFactor, double highFrequencyFactor)
            implements RotaryScaling {
        public Llama3 {
            if (!(factor >= 1) || originalLength < 1 || !(lowFrequencyFactor > 0)
                    || !(highFrequencyFactor > lowFrequencyFactor) || !Double.isFinite(factor * highFrequencyFactor)) {
                throw new IllegalArgumentException("llama3 scaling with factor " + factor + ", original length "
                        + originalLength + ", low_freq_factor " + lowFrequencyFactor + ", high_freq_factor "
                        + highFrequencyFactor + ": factor >= 1, length >= 1, high > low > 0 are needed");
            }
        }
    }
}
