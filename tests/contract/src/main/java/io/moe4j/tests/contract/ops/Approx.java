package io.moe4j.tests.contract.ops;

import io.moe4j.tests.contract.Rounding;

/**
 * A result of fp32 arithmetic: the exact value, in double precision, and the largest error of a device (running error analysis: Higham, "Accuracy and
 * Stability of Numerical Algorithms", section 3.3). Every operation passes on the errors of its operands and adds its own rounding; u is half a unit in the
 * last place of fp32.
 *
 * @param value the exact value
 * @param error the largest error of a device
 */
record Approx(double value, double error) {
    /** The relative error of a division or a square root, which may be approximated to two units in the last place. */
    private static final double QUOTIENT = 4 * Rounding.U32;

    static Approx exact(double value) {
        return new Approx(value, 0);
    }

    static Approx[] exact(double[] values) {
        Approx[] all = new Approx[values.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = exact(values[i]);
        }
        return all;
    }

    /** A sum. Its error is relative to the terms, and not to the sum, so that it also covers devices that round or factor the terms in another way. */
    Approx plus(Approx other) {
        double size = Math.abs(value) + Math.abs(other.value);
        return new Approx(value + other.value, error + other.error + Rounding.U32 * size);
    }

    Approx plus(double other) {
        return plus(exact(other));
    }

    Approx minus(Approx other) {
        return plus(new Approx(-other.value, other.error));
    }

    Approx times(Approx other) {
        double product = value * other.value;
        return new Approx(product, Math.abs(value) * other.error + Math.abs(other.value) * error + error * other.error
                + Rounding.U32 * Math.abs(product));
    }

    Approx times(double other) {
        return times(exact(other));
    }

    Approx over(Approx other) {
        double quotient = value / other.value;
        double spread = (error + Math.abs(quotient) * other.error) / (Math.abs(other.value) - other.error);
        return new Approx(quotient, spread + QUOTIENT * Math.abs(quotient));
    }

    Approx sqrt() {
        double root = Math.sqrt(value);
        double spread = error == 0 ? 0 : error / root;
        return new Approx(root, spread + QUOTIENT * root);
    }

    /**
     * Computed as 2^(x / ln 2), an exponential has a relative error of |x| u from rounding the quotient; 2.5 times that, and 4 units in the last place, is what
     * the CUDA programming guide allows the fast one.
     */
    Approx exp() {
        double power = Math.exp(value);
        if (power == 0) {
            return exact(0);
        }
        return new Approx(power, power * (Math.expm1(error) + (8 + 2.5 * Math.abs(value)) * Rounding.U32));
    }

    Approx log() {
        double logarithm = Math.log(value);
        return new Approx(logarithm, error / (value - error) + QUOTIENT * (1 + Math.abs(logarithm)));
    }

    /** 1 / (1 + exp(−x)); 0 if that is less than the smallest number of fp32. */
    Approx sigmoid() {
        if (value < -200) {
            return exact(0);
        }
        return exact(1).over(new Approx(-value, error).exp().plus(1));
    }

    /** This value after a further rounding with the relative error {@code unit}. */
    Approx rounded(double unit) {
        return new Approx(value, error + unit * (Math.abs(value) + error));
    }
}
