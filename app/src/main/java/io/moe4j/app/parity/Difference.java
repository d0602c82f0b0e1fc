package io.moe4j.app.parity;

/** The difference of numbers from the expected ones. Several threads may add parts. */
final class Difference {
    private double largest;
    private double largestExpected;
    private double sumOfSquares;
    private double sumOfExpectedSquares;
    private long count;

    /** Adds numbers, with the expected ones. */
    synchronized void add(float[] actual, int from, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            add(actual[from + i], expected[i]);
        }
    }

    /** Adds a number, with the expected one. */
    synchronized void add(double actual, double expected) {
        double difference = Math.abs(actual - expected);
        // Math.max keeps NaN, so that a NaN is seen in the result.
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

    /** The largest expected value, without its sign. */
    synchronized double largestExpected() {
        return largestExpected;
    }

    /** Whether some expected value is not zero, and neither expected values nor differences exceed {@code limit}. NaN exceeds it. */
    synchronized boolean isRounding(double limit) {
        return largestExpected > 0 && largestExpected <= limit && largest <= limit;
    }

    /** The largest difference, divided by the largest expected value. */
    synchronized double relative() {
        return ratio(largest, largestExpected);
    }

    /** The L2 norm of the differences, divided by the L2 norm of the expected values. */
    synchronized double norm() {
        return ratio(Math.sqrt(sumOfSquares), Math.sqrt(sumOfExpectedSquares));
    }

    /** If all expected values are zero, any other value is an infinite error. */
    private static double ratio(double difference, double expected) {
        return difference == 0 ? 0 : difference / expected;
    }
}
