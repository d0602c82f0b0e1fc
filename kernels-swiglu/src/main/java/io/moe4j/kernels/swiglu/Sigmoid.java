package io.moe4j.kernels.swiglu;

import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;

/**
 * σ(x) = 1 / (1 + exp(−x)) in fp32, within a few units in the last place. exp(y) = 2ⁿ · p(r), with n = round(y / ln 2) and r = y − n · ln 2 in two
 * parts, so that |r| ≤ ln 2 / 2, and p the Taylor polynomial of degree 7, whose remainder there, (ln 2 / 2)⁸ / 8!, is 5e-9: less than
 * a tenth of fp32's rounding. The scalar form makes the same roundings, so results do not depend on the width of vectors. For NaN the result is an
 * arbitrary number; callers multiply it by x, so their result is NaN again.
 */
final class Sigmoid {
    private static final float LOWEST = -87;
    private static final float HIGHEST = 88;
    private static final float INVERSE_LN2 = 1.442695f;
    private static final float LN2_HIGH = 0x1.63p-1f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5 · 2²³ leaves the nearest integer in the low bits. */
    private static final float ROUNDER = 12582912;
    private static final float C2 = 1f / 2;
    private static final float C3 = 1f / 6;
    private static final float C4 = 1f / 24;
    private static final float C5 = 1f / 120;
    private static final float C6 = 1f / 720;
    private static final float C7 = 1f / 5040;

    private Sigmoid() {}

    static FloatVector of(FloatVector x) {
        FloatVector one = FloatVector.broadcast(x.species(), 1);
        FloatVector y = x.neg().max(LOWEST).min(HIGHEST);
        FloatVector shifted = y.fma(FloatVector.broadcast(x.species(), INVERSE_LN2),
                FloatVector.broadcast(x.species(), ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(x.species(), -LN2_HIGH), y);
        r = n.fma(FloatVector.broadcast(x.species(), -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(x.species(), C7);
        p = p.fma(r, FloatVector.broadcast(x.species(), C6));
        p = p.fma(r, FloatVector.broadcast(x.species(), C5));
        p = p.fma(r, FloatVector.broadcast(x.species(), C4));
        p = p.fma(r, FloatVector.broadcast(x.species(), C3));
        p = p.fma(r, FloatVector.broadcast(x.species(), C2));
        p = p.fma(r, one);
        p = p.fma(r, one);
        // Multiply by 2^n: add n, which is in the low bits of the shifted number, to the exponent of p.
        FloatVector exp = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
                .reinterpretAsFloats();
        return one.div(exp.add(one));
    }

    static float of(float x) {
        float y = Math.min(Math.max(-x, LOWEST), HIGHEST);
        float shifted = Math.fma(y, INVERSE_LN2, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, y));
        float p = Math.fma(C7, r, C6);
        p = Math.fma(p, r, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r, 1);
        p = Math.fma(p, r, 1);
        int bits = Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << 23);
        return 1 / (Float.intBitsToFloat(bits) + 1);
    }
}
