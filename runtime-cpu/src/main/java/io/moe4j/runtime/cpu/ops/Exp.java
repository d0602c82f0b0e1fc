package io.moe4j.runtime.cpu.ops;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential of fp32 numbers: exp(x) = 2ⁿ · exp(r) with n = round(x / ln 2), |r| ≤ ln 2 / 2, and a polynomial for exp(r), whose first
 * omitted Taylor term is r⁸ / 8! &lt; 6e-9, a tenth of a unit in the last place. Gives NaN for NaN, 0 for -∞, ∞ for ∞.
 */
final class Exp {
    private static final float LOG2_E = 1.442695f;
    // ln 2 as the sum of two parts; products of the high part with n are exact.
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);
    /** Adding this rounds to an integer, which is then in the low bits. */
    private static final float ROUNDER = 0x1.8p23f;
    /** exp of this is less than half the smallest fp32 number. */
    private static final float LOWEST = -105;
    private static final float HIGHEST = 89;

    private Exp() {}

    static FloatVector of(FloatVector argument) {
        // Comparisons instead of max and min, whose rules for NaN and -0 take several instructions.
        FloatVector low = argument.blend(LOWEST, argument.lt(LOWEST));
        FloatVector x = low.blend(HIGHEST, low.compare(VectorOperators.GT, HIGHEST));
        FloatVector shifted = x.fma(Lanes.all(LOG2_E), Lanes.all(ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(Lanes.all(-LN2_LOW), n.fma(Lanes.all(-LN2_HIGH), x));
        FloatVector p = r.fma(Lanes.all(1f / 5040), Lanes.all(1f / 720));
        p = p.fma(r, Lanes.all(1f / 120));
        p = p.fma(r, Lanes.all(1f / 24));
        p = p.fma(r, Lanes.all(1f / 6));
        p = p.fma(r, Lanes.all(0.5f));
        p = p.fma(r, Lanes.all(1));
        p = p.fma(r, Lanes.all(1));
        // Multiply by 2^(n/2) twice: 2^n itself may be outside the range of normal numbers.
        IntVector power = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUNDER));
        IntVector half = power.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(power.sub(half)));
    }

    private static FloatVector powerOfTwo(IntVector n) {
        return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }
}
