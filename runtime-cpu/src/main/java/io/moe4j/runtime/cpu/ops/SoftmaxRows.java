package io.moe4j.runtime.cpu.ops;

import jdk.incubator.vector.FloatVector;

/** The two passes with which a softmax begins: the maximum, then the exponentials and their sum. */
final class SoftmaxRows {
    private SoftmaxRows() {}

    /** The largest element; NaN if any element is NaN, -∞ if there are none. */
    static float max(long x, long n) {
        FloatVector max = Lanes.all(Float.NEGATIVE_INFINITY);
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            max = max.max(Lanes.load(x, i));
        }
        float result = Lanes.max(max);
        for (; i < n; i++) {
            result = Math.max(result, Lanes.get(x, i));
        }
        return result;
    }

    /**
     * y = exp(factor · x − shift); returns the sum of y. {@code y} may be {@code x}. The exponential is called only twice in this method: with a third
     * call, for an unrolled loop, the compiler stops inlining it, and an element takes ten times as long.
     */
    static float exponentials(long x, long y, long n, float factor, float shift, float[] lanes) {
        FloatVector factors = Lanes.all(factor);
        FloatVector shifts = Lanes.all(-shift);
        FloatVector sum = FloatVector.zero(Lanes.F);
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector e = Exp.of(Lanes.load(x, i).fma(factors, shifts));
            Lanes.store(e, y, i);
            sum = sum.add(e);
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            FloatVector e = Exp.of(Lanes.load(x, i, tail).fma(factors, shifts));
            Lanes.store(e, y, i, tail);
            sum = sum.add(e, tail);
        }
        return Lanes.sum(sum, lanes);
    }
}
