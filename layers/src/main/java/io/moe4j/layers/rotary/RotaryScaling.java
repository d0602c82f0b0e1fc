package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;

/**
 * How rotary positions are scaled for texts that are longer than those of training.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface RotaryScaling {

    /** No scaling. */
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
     * YaRN (Peng et al., "YaRN: Efficient Context Window Extension of Large Language Models", 2023): slowly rotating dimensions are interpolated, fast ones
     * stay unchanged, with a linear ramp between them.
     *
     * @param factor how much longer, at least 1
     * @param originalLength sequence length before scaling, in tokens
     * @param betaFast a dimension with at least this many rotations over the original length stays unchanged
     * @param betaSlow a dimension with at most this many rotations is interpolated
     * @param truncate whether the ends of the ramp are moved outwards to whole dimensions
     * @param amplitude factor of cosines and sines, and therefore of rotated queries and keys
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

        /** 0.1 · mscale · ln(factor) + 1, or 1 without scaling: how much sharper attention must be over a longer text. */
        public static double temperature(double factor, double mscale) {
            return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
        }
    }

    /**
     * The scaling of Llama 3.1: dimensions with long wavelengths are interpolated, those with short wavelengths stay unchanged, with a linear ramp
     * between them.
     *
     * @param factor how much longer, at least 1
     * @param originalLength sequence length before scaling, in tokens
     * @param lowFrequencyFactor wavelengths above {@code originalLength / lowFrequencyFactor} tokens are interpolated
     * @param highFrequencyFactor wavelengths below {@code originalLength / highFrequencyFactor} tokens stay unchanged
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
