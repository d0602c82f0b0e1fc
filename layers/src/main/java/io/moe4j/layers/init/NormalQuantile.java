package io.moe4j.layers.init;

/**
 * The quantile function of the standard normal distribution, by the rational approximations PPND16 of Wichura (Algorithm AS 241, Applied
 * Statistics 37, 1988); relative error about 1e-16. Uses StrictMath, so that the result has the same bits on every machine.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // constants have the digits of their publication
final class NormalQuantile {
    private NormalQuantile() {}

    /** The value that a standard normal variable stays below with the given probability, in (0, 1). */
    static double of(double probability) {
        double q = probability - 0.5;
        if (Math.abs(q) <= 0.425) {
            return centre(q);
        }
        double s = StrictMath.sqrt(-StrictMath.log(q < 0 ? probability : 1 - probability));
        double size = s <= 5 ? tail(s) : far(s);
        return q < 0 ? -size : size;
    }

    /** The probability that a standard normal variable stays below {@code value}: the inverse of {@link #of}, by bisection. */
    static double probabilityBelow(double value) {
        if (of(Double.MIN_VALUE) >= value) {
            // Bisection would need about a thousand steps for so small a probability.
            return Double.MIN_VALUE;
        }
        double low = 0;
        double high = 1;
        for (double middle = 0.5; low < middle && middle < high; middle = (low + high) / 2) {
            if (of(middle) < value) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }

    /** For probabilities within 0.425 of the middle; {@code q} is the distance from it. */
    private static double centre(double q) {
        double r = 0.180625 - q * q;
        double up = polynomial(r, 3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
                1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4,
                2.5090809287301226727e3);
        double down = polynomial(r, 1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3);
        return q * up / down;
    }

    /** For the tails; {@code s} is the square root of the negative logarithm of the tail probability, at most 5. */
    private static double tail(double s) {
        double r = s - 1.6;
        double up = polynomial(r, 1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
                3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
                7.74545014278341407640e-4);
        double down = polynomial(r, 1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
                1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                1.05075007164441684324e-9);
        return up / down;
    }

    /** For the far tails, where {@code s} is more than 5. */
    private static double far(double s) {
        double r = s - 5;
        double up = polynomial(r, 6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
                2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                2.71155556874348757815e-5, 2.01033439929228813265e-7);
        double down = polynomial(r, 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                2.04426310338993978564e-15);
        return up / down;
    }

    /** A polynomial with its coefficients from the lowest power up. */
    private static double polynomial(double x, double c0, double c1, double c2, double c3, double c4, double c5,
            double c6, double c7) {
        return ((((((c7 * x + c6) * x + c5) * x + c4) * x + c3) * x + c2) * x + c1) * x + c0;
    }
}
