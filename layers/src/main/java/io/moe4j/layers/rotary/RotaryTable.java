package io.moe4j.layers.rotary;

/**
 * Rotary angles. Frequencies and angles are rounded to single precision after each step, as the published models compute them: a position multiplies
 * the rounding error of a frequency, so a more exact table would give other angles than the published models use.
 */
final class RotaryTable {

    private RotaryTable() {}

    /**
     * (S, R), row-major. For {@link Rotation#PAIRS}, cos and sin of angle i are at columns 2i and 2i + 1; for {@link Rotation#HALVES}, at columns i
     * and R/2 + i.
     */
    static float[] cosSin(RotarySpec spec, int sequence) {
        float[] frequencies = frequencies(spec);
        int dim = Math.toIntExact(spec.dim());
        float amplitude = spec.scaling() instanceof RotaryScaling.Yarn yarn ? (float) yarn.amplitude() : 1;
        float[] table = new float[Math.multiplyExact(sequence, dim)];
        for (int s = 0; s < sequence; s++) {
            for (int i = 0; i < frequencies.length; i++) {
                float angle = s * frequencies[i];
                boolean pairs = spec.rotation() == Rotation.PAIRS;
                table[s * dim + (pairs ? 2 * i : i)] = amplitude * (float) Math.cos(angle);
                table[s * dim + (pairs ? 2 * i + 1 : dim / 2 + i)] = amplitude * (float) Math.sin(angle);
            }
        }
        return table;
    }

    /** Radians per token, for each pair. */
    static float[] frequencies(RotarySpec spec) {
        int dim = Math.toIntExact(spec.dim());
        float[] frequencies = new float[dim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float power = (float) Math.pow(spec.theta(), (float) (2 * i) / dim);
            frequencies[i] = stretched(spec, 1 / power, i);
        }
        return frequencies;
    }

    private static float stretched(RotarySpec spec, float frequency, int pair) {
        return switch (spec.scaling()) {
            case RotaryScaling.None() -> frequency;
            case RotaryScaling.Linear(double factor) -> frequency / (float) factor;
            case RotaryScaling.Yarn yarn -> {
                double fast = pairOf(spec, yarn, yarn.betaFast());
                double slow = pairOf(spec, yarn, yarn.betaSlow());
                double low = Math.max(yarn.truncate() ? Math.floor(fast) : fast, 0);
                double high = Math.min(yarn.truncate() ? Math.ceil(slow) : slow, spec.dim() - 1);
                float width = (float) (low == high ? 0.001 : high - low);
                float ramp = Math.clamp((pair - (float) low) / width, 0, 1);
                yield frequency / (float) yarn.factor() * ramp + frequency * (1 - ramp);
            }
            case RotaryScaling.Llama3 llama -> {
                double waves = llama.originalLength() * (double) frequency / (2 * Math.PI);
                double kept = Math.clamp((waves - llama.lowFrequencyFactor())
                        / (llama.highFrequencyFactor() - llama.lowFrequencyFactor()), 0, 1);
                yield (float) ((1 - kept) * frequency / llama.factor() + kept * frequency);
            }
        };
    }

    /** The index of the pair (as a real number) that makes {@code rotations} full rotations over the original length. */
    private static double pairOf(RotarySpec spec, RotaryScaling.Yarn yarn, double rotations) {
        return spec.dim() * Math.log(yarn.originalLength() / (rotations * 2 * Math.PI)) / (2 * Math.log(spec.theta()));
    }
}
