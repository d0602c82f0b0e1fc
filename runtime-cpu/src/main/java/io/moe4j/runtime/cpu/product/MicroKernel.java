package io.moe4j.runtime.cpu.product;

import jdk.incubator.vector.FloatVector;

/**
 * Multiplies {@link #ROWS} rows of A with {@link #COLUMNS} columns of B. 24 vectors of sums, 2 vectors of B and 1 element of A are in registers (27 of 32).
 * Each term takes 14 loads (2 vectors and 12 elements) and 24 multiply-adds, so a processor that does 2 of each per clock is limited by the multiply-adds. An
 * element of the result is {@code fma(a[k-1], b[k-1], … fma(a[0], b[0], 0))}: its bits depend on its own row and column only.
 *
 * <p>Example: rows (1, 2) and columns (3, 4) have the sum fma(2, 4, fma(1, 3, 0)) = 11.
 *
 * <p>The vectors are local variables, because the compiler keeps those in registers; vectors in an array would be objects in memory. So would vectors that are
 * passed to a method which the compiler does not inline, and in methods of this size it may not inline; therefore no vectors are passed.
 */
final class MicroKernel {
    /** Rows of A. */
    static final int ROWS = 12;
    /** Columns of B. */
    static final int COLUMNS = 2 * Wide.LANES;

    private MicroKernel() {}

    /**
     * Computes the sums of all terms.
     *
     * @param a rows of A, {@link RowCopies#APART} elements apart
     * @param first index of the first row's first term in {@code a}
     * @param b columns of B, {@link #COLUMNS} elements for each term
     * @param column index of the first term in {@code b}
     * @param terms number of terms
     * @param sums the result, (12, 32)
     */
    static void multiply(float[] a, int first, float[] b, int column, int terms, float[] sums) {
        FloatVector left0 = FloatVector.zero(Wide.SPECIES);
        FloatVector right0 = FloatVector.zero(Wide.SPECIES);
        FloatVector left1 = FloatVector.zero(Wide.SPECIES);
        FloatVector right1 = FloatVector.zero(Wide.SPECIES);
        FloatVector left2 = FloatVector.zero(Wide.SPECIES);
        FloatVector right2 = FloatVector.zero(Wide.SPECIES);
        FloatVector left3 = FloatVector.zero(Wide.SPECIES);
        FloatVector right3 = FloatVector.zero(Wide.SPECIES);
        FloatVector left4 = FloatVector.zero(Wide.SPECIES);
        FloatVector right4 = FloatVector.zero(Wide.SPECIES);
        FloatVector left5 = FloatVector.zero(Wide.SPECIES);
        FloatVector right5 = FloatVector.zero(Wide.SPECIES);
        FloatVector left6 = FloatVector.zero(Wide.SPECIES);
        FloatVector right6 = FloatVector.zero(Wide.SPECIES);
        FloatVector left7 = FloatVector.zero(Wide.SPECIES);
        FloatVector right7 = FloatVector.zero(Wide.SPECIES);
        FloatVector left8 = FloatVector.zero(Wide.SPECIES);
        FloatVector right8 = FloatVector.zero(Wide.SPECIES);
        FloatVector left9 = FloatVector.zero(Wide.SPECIES);
        FloatVector right9 = FloatVector.zero(Wide.SPECIES);
        FloatVector left10 = FloatVector.zero(Wide.SPECIES);
        FloatVector right10 = FloatVector.zero(Wide.SPECIES);
        FloatVector left11 = FloatVector.zero(Wide.SPECIES);
        FloatVector right11 = FloatVector.zero(Wide.SPECIES);
        for (int term = 0; term < terms; term++) {
            FloatVector left = FloatVector.fromArray(Wide.SPECIES, b, column + term * COLUMNS);
            FloatVector right = FloatVector.fromArray(Wide.SPECIES, b, column + term * COLUMNS + Wide.LANES);
            FloatVector element0 = FloatVector.broadcast(Wide.SPECIES, a[first + term]);
            left0 = element0.fma(left, left0);
            right0 = element0.fma(right, right0);
            FloatVector element1 = FloatVector.broadcast(Wide.SPECIES, a[first + term + RowCopies.APART]);
            left1 = element1.fma(left, left1);
            right1 = element1.fma(right, right1);
            FloatVector element2 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 2 * RowCopies.APART]);
            left2 = element2.fma(left, left2);
            right2 = element2.fma(right, right2);
            FloatVector element3 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 3 * RowCopies.APART]);
            left3 = element3.fma(left, left3);
            right3 = element3.fma(right, right3);
            FloatVector element4 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 4 * RowCopies.APART]);
            left4 = element4.fma(left, left4);
            right4 = element4.fma(right, right4);
            FloatVector element5 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 5 * RowCopies.APART]);
            left5 = element5.fma(left, left5);
            right5 = element5.fma(right, right5);
            FloatVector element6 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 6 * RowCopies.APART]);
            left6 = element6.fma(left, left6);
            right6 = element6.fma(right, right6);
            FloatVector element7 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 7 * RowCopies.APART]);
            left7 = element7.fma(left, left7);
            right7 = element7.fma(right, right7);
            FloatVector element8 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 8 * RowCopies.APART]);
            left8 = element8.fma(left, left8);
            right8 = element8.fma(right, right8);
            FloatVector element9 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 9 * RowCopies.APART]);
            left9 = element9.fma(left, left9);
            right9 = element9.fma(right, right9);
            FloatVector element10 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 10 * RowCopies.APART]);
            left10 = element10.fma(left, left10);
            right10 = element10.fma(right, right10);
            FloatVector element11 = FloatVector.broadcast(Wide.SPECIES, a[first + term + 11 * RowCopies.APART]);
            left11 = element11.fma(left, left11);
            right11 = element11.fma(right, right11);
        }
        left0.intoArray(sums, 0 * COLUMNS);
        right0.intoArray(sums, 0 * COLUMNS + Wide.LANES);
        left1.intoArray(sums, 1 * COLUMNS);
        right1.intoArray(sums, 1 * COLUMNS + Wide.LANES);
        left2.intoArray(sums, 2 * COLUMNS);
        right2.intoArray(sums, 2 * COLUMNS + Wide.LANES);
        left3.intoArray(sums, 3 * COLUMNS);
        right3.intoArray(sums, 3 * COLUMNS + Wide.LANES);
        left4.intoArray(sums, 4 * COLUMNS);
        right4.intoArray(sums, 4 * COLUMNS + Wide.LANES);
        left5.intoArray(sums, 5 * COLUMNS);
        right5.intoArray(sums, 5 * COLUMNS + Wide.LANES);
        left6.intoArray(sums, 6 * COLUMNS);
        right6.intoArray(sums, 6 * COLUMNS + Wide.LANES);
        left7.intoArray(sums, 7 * COLUMNS);
        right7.intoArray(sums, 7 * COLUMNS + Wide.LANES);
        left8.intoArray(sums, 8 * COLUMNS);
        right8.intoArray(sums, 8 * COLUMNS + Wide.LANES);
        left9.intoArray(sums, 9 * COLUMNS);
        right9.intoArray(sums, 9 * COLUMNS + Wide.LANES);
        left10.intoArray(sums, 10 * COLUMNS);
        right10.intoArray(sums, 10 * COLUMNS + Wide.LANES);
        left11.intoArray(sums, 11 * COLUMNS);
        right11.intoArray(sums, 11 * COLUMNS + Wide.LANES);
    }
}
