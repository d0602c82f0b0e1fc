package io.moe4j.tests.contract.ops;

import io.moe4j.tests.contract.Rounding;

/**
 * The expected content of an operand after a call.
 *
 * @param name its name, for messages
 * @param operand the operand
 * @param values the expected values, in the order of its elements
 * @param bounds the largest difference for each value; 0 for equal bits. NaN is only equal to NaN, with any bits
 */
record Expected(String name, Operand operand, double[] values, double[] bounds) {

    /** Exactly these values. */
    static Expected same(String name, Operand operand, double[] values) {
        return new Expected(name, operand, values, new double[values.length]);
    }

    /**
     * Values that are computed in fp32 and rounded once when they are stored. A device may order and fuse its operations differently from the definition,
     * which changes the number of roundings only a little; the bound is twice the error.
     */
    static Expected close(String name, Operand operand, Approx[] values) {
        double[] exact = new double[values.length];
        double[] bounds = new double[values.length];
        double stored = Rounding.stored(operand.dtype());
        for (int i = 0; i < values.length; i++) {
            exact[i] = values[i].value();
            double error = 2 * values[i].error();
            bounds[i] = error + stored * (Math.abs(exact[i]) + error) + Rounding.TINY;
        }
        return new Expected(name, operand, exact, bounds);
    }

    void check(byte[] image) {
        double[] actual = operand.values(image);
        if (actual.length != values.length) {
            throw new AssertionError(name + " is " + operand.tensor() + ", the definition has " + values.length);
        }
        int wrong = 0;
        int worst = -1;
        double excess = 0;
        for (int i = 0; i < values.length; i++) {
            if (Double.isInfinite(bounds[i]) && Double.isFinite(values[i])) {
                throw new AssertionError(name + ": any value would pass for element " + i + ", " + values[i]
                        + " in the definition, since its bound is infinite; choose operands that the case can be judged by");
            }
            if (!fits(actual[i], values[i], bounds[i])) {
                double by = Math.abs(actual[i] - values[i]) / bounds[i];
                wrong++;
                if (worst < 0 || by > excess) {
                    worst = i;
                    excess = by;
                }
            }
        }
        if (wrong > 0) {
            throw new AssertionError(name + ": " + wrong + " of " + values.length + " elements are wrong, worst is "
                    + worst + ": expected " + values[worst] + " within " + bounds[worst] + ", was " + actual[worst]);
        }
    }

    private static boolean fits(double actual, double value, double bound) {
        if (Double.isNaN(value)) {
            return Double.isNaN(actual);
        }
        return (bound == 0 || Double.isInfinite(value)) ? Double.compare(actual, value) == 0
                : Math.abs(actual - value) <= bound;
    }
}
