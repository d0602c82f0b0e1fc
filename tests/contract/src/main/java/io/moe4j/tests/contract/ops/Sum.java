package io.moe4j.tests.contract.ops;

import io.moe4j.tests.contract.Rounding;

/**
 * A sum of n terms in fp32, in any order that is the same each time. Its error is at most n units in the worst case, and at most 6 √n units except in one
 * case in a million (Higham and Mary, "A New Approach to Probabilistic Rounding Error Analysis", 2019). The data is the same each time, so that the test does
 * not depend on chance.
 */
final class Sum {
    private double value;
    private double size;
    private double error;
    private long terms;

    void add(Approx term) {
        value += term.value();
        size += Math.abs(term.value());
        error += term.error();
        terms++;
    }

    void add(double term) {
        value += term;
        size += Math.abs(term);
        terms++;
    }

    /** Adds a product, which may be rounded before it is added: {@link #result} counts one rounding more for that. */
    void addProduct(double a, double b) {
        add(a * b);
    }

    Approx result() {
        double roundings = 1 + Math.min(terms, 6 * Math.sqrt(terms));
        return new Approx(value, error + roundings * Rounding.U32 * (size + error));
    }
}
