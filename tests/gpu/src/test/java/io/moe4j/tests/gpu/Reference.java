package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.fail;

import io.moe4j.api.tensor.DType;
import java.util.Arrays;
import java.util.Random;

/** Numbers in double precision, and comparisons that NaN does not pass. */
final class Reference {
    /** The largest relative error of one rounding: half the spacing, of 8 significant bits in bf16 and 24 in fp32. */
    static final double BF16 = Math.scalb(1.0, -8);
    static final double F32 = Math.scalb(1.0, -24);

    private Reference() {}

    static double unit(DType dtype) {
        return dtype == DType.BF16 ? BF16 : F32;
    }

    /** Normal numbers, exactly representable in {@code dtype}. */
    static double[] random(DType dtype, long count, long seed) {
        Random random = new Random(seed);
        double[] values = new double[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = rounded(dtype, random.nextGaussian());
        }
        return values;
    }

    static double rounded(DType dtype, double value) {
        return dtype == DType.BF16 ? Float.intBitsToFloat(bf16Bits((float) value) << 16) : (float) value;
    }

    static short bf16Bits(float value) {
        int bits = Float.floatToIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> 16 : (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }

    /** a (m, k) times b (k, n). */
    static double[] product(double[] a, double[] b, int m, int k, int n) {
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                double x = a[i * k + p];
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += x * b[p * n + j];
                }
            }
        }
        return c;
    }

    static double[] transposed(double[] a, int rows, int columns) {
        double[] t = new double[a.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                t[j * rows + i] = a[i * columns + j];
            }
        }
        return t;
    }

    /** Fails unless each element is within {@code relative · |expected| + absolute}. */
    static void close(String what, double[] expected, double[] actual, double relative, double absolute) {
        if (expected.length != actual.length) {
            fail(what + ": " + actual.length + " elements instead of " + expected.length);
        }
        int wrong = 0;
        int first = -1;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double excess = Math.abs(actual[i] - expected[i]) - relative * Math.abs(expected[i]) - absolute;
            if (!(excess <= 0)) {
                wrong++;
                first = first < 0 ? i : first;
            }
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        if (wrong > 0) {
            int from = Math.max(0, first - 2);
            int to = Math.min(expected.length, first + 6);
            fail(what + ": " + wrong + " of " + expected.length + " elements differ, first at " + first + ", worst by "
                    + worst + "; expected from " + from + ": "
                    + Arrays.toString(Arrays.copyOfRange(expected, from, to)) + ", got "
                    + Arrays.toString(Arrays.copyOfRange(actual, from, to)));
        }
    }

    static void same(String what, double[] expected, double[] actual) {
        close(what, expected, actual, 0, 0);
    }

    static double largest(double[] values) {
        return Arrays.stream(values).map(Math::abs).max().orElse(0);
    }
}
