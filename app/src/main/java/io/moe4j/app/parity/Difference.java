package io.moe4j.app.parity;

/** How far numbers are from those that they should be. Parts may be added by several threads. */
final class Difference {
    private double largest;
    private double largestExpected;
    private double sumOfSquares;
    private double sumOfExpectedSquares;
    private long count;

    /** Adds numbers, and what they should be. */
    synchronized void add(float[] actual, int from, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            add(actual[from + i], expected[i]);
        }
    }

    /** Adds a number, and what it should be. */
    synchronized void add(double actual, double expected) {
        double difference = Math.abs(actual - expected);
        // Math.max keeps NaN: what is not a number stays visible.
        largest = Math.max(largest, difference);
        largestExpected = Math.max(largestExpected, Math.abs(expected));
        sumOfSquares += difference * difference;
        sumOfExpectedSquares += expected * expected;
        count++;
    }

    /** How many numbers were added. */
    synchronized long count() {
        return count;
    }

    /** The largest difference, in parts of the largest expected value. */
    synchronized double relative() {
        return ratio(largest, largestExpected);
    }

    /** The L2 norm of the differences, in parts of the expected values' norm. */
    synchronized double norm() {
        return ratio(Math.sqrt(sumOfSquares), Math.sqrt(sumOfExpectedSquares));
    }

    /** Where nothing but zero is expected, nothing but zero will do. */
    private static double ratio(double difference, double expected) {
        return difference == 0 ? 0 : difference / expected;
    }
}
