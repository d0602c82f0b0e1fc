package io.moe4j.model.deepseek;

/**
 * Rotary angles. Frequencies and angles are rounded to single precision after each step, as the published models compute them: positions multiply the
 * rounding of a frequency, so a more exact table would be a different one.
 */
final class RopeTable {

    private RopeTable() {}

    /** (S, R), row-major: cos and sin of angle i at columns 2i and 2i + 1. */
    static float[] cosSin(AttentionSpec attention, int sequence) {
        float[] frequencies = frequencies(attention);
        int rope = Math.toIntExact(attention.rope());
        float[] table = new float[Math.multiplyExact(sequence, rope)];
        for (int s = 0; s < sequence; s++) {
            for (int i = 0; i < frequencies.length; i++) {
                float angle = s * frequencies[i];
                table[s * rope + 2 * i] = (float) Math.cos(angle);
                table[s * rope + 2 * i + 1] = (float) Math.sin(angle);
            }
        }
        return table;
    }

    /** Radians per token, of each pair. */
    static float[] frequencies(AttentionSpec attention) {
        int rope = Math.toIntExact(attention.rope());
        float[] frequencies = new float[rope / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float power = (float) Math.pow(attention.theta(), (float) (2 * i) / rope);
            frequencies[i] = stretched(attention, 1 / power, i);
        }
        return frequencies;
    }

    private static float stretched(AttentionSpec attention, float frequency, int pair) {
        return switch (attention.scaling()) {
            case RotaryScaling.None() -> frequency;
            case RotaryScaling.Yarn yarn -> {
                double low = Math.max(Math.floor(pairOf(attention, yarn, yarn.betaFast())), 0);
                double high = Math.min(Math.ceil(pairOf(attention, yarn, yarn.betaSlow())), attention.rope() - 1);
                float width = (float) (low == high ? 0.001 : high - low);
                float ramp = Math.clamp((pair - (float) low) / width, 0, 1);
                yield frequency / (float) yarn.factor() * ramp + frequency * (1 - ramp);
            }
        };
    }

    /** The pair (as a real number) that turns {@code rotations} times over the original length. */
    private static double pairOf(AttentionSpec attention, RotaryScaling.Yarn yarn, double rotations) {
        return attention.rope() * Math.log(yarn.originalLength() / (rotations * 2 * Math.PI))
                / (2 * Math.log(attention.theta()));
    }
}
