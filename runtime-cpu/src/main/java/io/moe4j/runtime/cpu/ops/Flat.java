package io.moe4j.runtime.cpu.ops;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Loops over contiguous fp32 elements at raw addresses. */
final class Flat {
    /** From this many elements on, a bulk copy is faster than a loop. */
    private static final long BULK = 1024;

    private Flat() {}

    static void copy(long source, long destination, long n) {
        if (n >= BULK) {
            MemorySegment.copy(Lanes.ALL, source, Lanes.ALL, destination, 4 * n);
            return;
        }
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(Lanes.load(source, i), destination, i);
        }
        for (; i < n; i++) {
            // Copied as integers, so that a NaN keeps its bits.
            Lanes.setInt(destination, i, Lanes.getInt(source, i));
        }
    }

    static void fill(float value, long destination, long n) {
        FloatVector values = Lanes.all(value);
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(values, destination, i);
        }
        for (; i < n; i++) {
            Lanes.set(destination, i, value);
        }
    }

    /** sum = a + b. */
    static void add(long a, long b, long sum, long n) {
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(Lanes.load(a, i).add(Lanes.load(b, i)), sum, i);
        }
        for (; i < n; i++) {
            Lanes.set(sum, i, Lanes.get(a, i) + Lanes.get(b, i));
        }
    }

    /** sum += factor · x. */
    static void addScaled(long x, float factor, long sum, long n) {
        FloatVector factors = Lanes.all(factor);
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(Lanes.load(x, i).fma(factors, Lanes.load(sum, i)), sum, i);
        }
        for (; i < n; i++) {
            Lanes.set(sum, i, Math.fma(Lanes.get(x, i), factor, Lanes.get(sum, i)));
        }
    }

    /** x *= factor. */
    static void scale(long x, float factor, long n) {
        long i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(Lanes.load(x, i).mul(factor), x, i);
        }
        for (; i < n; i++) {
            Lanes.set(x, i, Lanes.get(x, i) * factor);
        }
    }

    /** Σ a·b. */
    static float dot(long a, long b, long n, float[] lanes) {
        FloatVector sum = FloatVector.zero(Lanes.F);
        FloatVector odd = FloatVector.zero(Lanes.F);
        long i = 0;
        for (; i <= n - 2L * Lanes.COUNT; i += 2L * Lanes.COUNT) {
            sum = Lanes.load(a, i).fma(Lanes.load(b, i), sum);
            odd = Lanes.load(a, i + Lanes.COUNT).fma(Lanes.load(b, i + Lanes.COUNT), odd);
        }
        if (i <= n - Lanes.COUNT) {
            sum = Lanes.load(a, i).fma(Lanes.load(b, i), sum);
            i += Lanes.COUNT;
        }
        if (i < n) {
            var tail = Lanes.first(n - i);
            odd = Lanes.load(a, i, tail).fma(Lanes.load(b, i, tail), odd);
        }
        return Lanes.sum(sum.add(odd), lanes);
    }
}
