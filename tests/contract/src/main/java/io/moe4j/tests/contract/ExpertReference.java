package io.moe4j.tests.contract;

import io.moe4j.api.tensor.DType;

/** Computes what the expert kernels compute, in double precision and one element at a time, with a bound of the error of fp32 arithmetic. */
final class ExpertReference {
    /** Roundings of σ, of the products around it, and of an exponential of 2 units: their sum, rounded up. */
    private static final double SWIGLU_UNITS = 24;

    private ExpertReference() {}

    /**
     * Checks one element of a product: k products and k sums in any order, accumulated in fp32, err by at most (k + 2) u Σ|a·b|
     * (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1), and storing rounds once more.
     */
    static void checkProduct(String what, DType stored, double[] a, double[] b, double start, double actual) {
        double sum = start;
        double size = Math.abs(start);
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
            size += Math.abs(a[i] * b[i]);
        }
        double bound = (a.length + 2) * Rounding.U32 * size;
        Rounding.check(what, sum, actual, bound + Rounding.stored(stored) * (Math.abs(sum) + bound) + Rounding.TINY);
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /**
     * Relative error of σ(g) and a few products: an exponential computed as 2^(g / ln 2) in fp32 has a relative error of |g| u from rounding
     * its argument; twice that, and a constant for everything else.
     */
    static double swigluError(double gate) {
        return (SWIGLU_UNITS + 2 * Math.abs(gate)) * Rounding.U32;
    }

    static void checkForward(String what, DType dtype, double gate, double up, double weight, double actual) {
        double expected = weight * gate * sigmoid(gate) * up;
        Rounding.check(what, expected, actual,
                (swigluError(gate) + Rounding.stored(dtype)) * Math.abs(expected) + Rounding.TINY);
    }

    static void checkUpGradient(String what, DType dtype, double gate, double dh, double weight, double actual) {
        double expected = weight * dh * gate * sigmoid(gate);
        Rounding.check(what, expected, actual,
                (swigluError(gate) + Rounding.stored(dtype)) * Math.abs(expected) + Rounding.TINY);
    }

    /** 1 + g(1 − σ) cancels near g = −1.28, so the bound is relative to the terms, not to their sum. */
    static void checkGateGradient(String what, DType dtype, double gate, double up, double dh, double weight,
            double actual) {
        double s = sigmoid(gate);
        double factor = weight * dh * up * s;
        double expected = factor * (1 + gate * (1 - s));
        Rounding.check(what, expected, actual, swigluError(gate) * Math.abs(factor) * (1 + Math.abs(gate))
                + Rounding.stored(dtype) * Math.abs(expected) + Rounding.TINY);
    }

    static void checkWeightGradient(String what, double[] gate, double[] up, double[] dh, double actual) {
        double sum = 0;
        double bound = Rounding.TINY;
        for (int f = 0; f < gate.length; f++) {
            double term = dh[f] * gate[f] * sigmoid(gate[f]) * up[f];
            sum += term;
            bound += (swigluError(gate[f]) + gate.length * Rounding.U32) * Math.abs(term);
        }
        Rounding.check(what, sum, actual, bound);
    }
}
