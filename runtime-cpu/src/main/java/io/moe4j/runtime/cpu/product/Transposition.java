package io.moe4j.runtime.cpu.product;

import jdk.incubator.vector.FloatVector;

/**
 * Transposes 16 × 16 elements in registers. Each of four passes merges vector i with vector i + 8, element by element, into vectors 2 i and 2 i + 1. Read as
 * one sequence of 256 elements whose places have 8 bits, a pass moves the highest bit of the row's number to the end of the place; after four, row and
 * column have changed places.
 *
 * <p>Example with 2 × 2 elements and one pass: rows (1, 2) and (3, 4) merge into 1, 3, 2, 4, which are the rows (1, 3) and (2, 4).
 */
final class Transposition {
    /** Rows and columns. */
    static final int SIZE = Wide.LANES;

    private static final FloatVector LOWER = merge(0);
    private static final FloatVector UPPER = merge(SIZE / 2);

    private Transposition() {}

    /** Which elements of two vectors, numbered from 0 to 31, make the merged one: first, first + 16, first + 1, first + 17, … */
    private static FloatVector merge(int first) {
        float[] places = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            places[i] = first + i / 2 + (i % 2) * SIZE;
        }
        return FloatVector.fromArray(Wide.SPECIES, places, 0);
    }

    private static FloatVector lower(FloatVector x, FloatVector y) {
        return LOWER.selectFrom(x, y);
    }

    private static FloatVector upper(FloatVector x, FloatVector y) {
        return UPPER.selectFrom(x, y);
    }

    /**
     * Reads rows and writes columns. Where there are fewer than 16 rows, the last one is read for each that is missing.
     *
     * @param source address of the first row
     * @param apart elements from a row to the next
     * @param rows rows that there are, 1 to 16
     * @param target where column 0 goes, 16 elements
     * @param place of column 0 in {@code target}
     * @param columnsApart elements from a column to the next in {@code target}
     */
    static void run(long source, long apart, int rows, float[] target, int place, int columnsApart) {
        int last = rows - 1;
        FloatVector x0 = row(source, apart, 0, last);
        FloatVector x1 = row(source, apart, 1, last);
        FloatVector x2 = row(source, apart, 2, last);
        FloatVector x3 = row(source, apart, 3, last);
        FloatVector x4 = row(source, apart, 4, last);
        FloatVector x5 = row(source, apart, 5, last);
        FloatVector x6 = row(source, apart, 6, last);
        FloatVector x7 = row(source, apart, 7, last);
        FloatVector x8 = row(source, apart, 8, last);
        FloatVector x9 = row(source, apart, 9, last);
        FloatVector x10 = row(source, apart, 10, last);
        FloatVector x11 = row(source, apart, 11, last);
        FloatVector x12 = row(source, apart, 12, last);
        FloatVector x13 = row(source, apart, 13, last);
        FloatVector x14 = row(source, apart, 14, last);
        FloatVector x15 = row(source, apart, 15, last);
        FloatVector a0 = lower(x0, x8);
        FloatVector a1 = upper(x0, x8);
        FloatVector a2 = lower(x1, x9);
        FloatVector a3 = upper(x1, x9);
        FloatVector a4 = lower(x2, x10);
        FloatVector a5 = upper(x2, x10);
        FloatVector a6 = lower(x3, x11);
        FloatVector a7 = upper(x3, x11);
        FloatVector a8 = lower(x4, x12);
        FloatVector a9 = upper(x4, x12);
        FloatVector a10 = lower(x5, x13);
        FloatVector a11 = upper(x5, x13);
        FloatVector a12 = lower(x6, x14);
        FloatVector a13 = upper(x6, x14);
        FloatVector a14 = lower(x7, x15);
        FloatVector a15 = upper(x7, x15);
        FloatVector b0 = lower(a0, a8);
        FloatVector b1 = upper(a0, a8);
        FloatVector b2 = lower(a1, a9);
        FloatVector b3 = upper(a1, a9);
        FloatVector b4 = lower(a2, a10);
        FloatVector b5 = upper(a2, a10);
        FloatVector b6 = lower(a3, a11);
        FloatVector b7 = upper(a3, a11);
        FloatVector b8 = lower(a4, a12);
        FloatVector b9 = upper(a4, a12);
        FloatVector b10 = lower(a5, a13);
        FloatVector b11 = upper(a5, a13);
        FloatVector b12 = lower(a6, a14);
        FloatVector b13 = upper(a6, a14);
        FloatVector b14 = lower(a7, a15);
        FloatVector b15 = upper(a7, a15);
        FloatVector c0 = lower(b0, b8);
        FloatVector c1 = upper(b0, b8);
        FloatVector c2 = lower(b1, b9);
        FloatVector c3 = upper(b1, b9);
        FloatVector c4 = lower(b2, b10);
        FloatVector c5 = upper(b2, b10);
        FloatVector c6 = lower(b3, b11);
        FloatVector c7 = upper(b3, b11);
        FloatVector c8 = lower(b4, b12);
        FloatVector c9 = upper(b4, b12);
        FloatVector c10 = lower(b5, b13);
        FloatVector c11 = upper(b5, b13);
        FloatVector c12 = lower(b6, b14);
        FloatVector c13 = upper(b6, b14);
        FloatVector c14 = lower(b7, b15);
        FloatVector c15 = upper(b7, b15);
        FloatVector d0 = lower(c0, c8);
        FloatVector d1 = upper(c0, c8);
        FloatVector d2 = lower(c1, c9);
        FloatVector d3 = upper(c1, c9);
        FloatVector d4 = lower(c2, c10);
        FloatVector d5 = upper(c2, c10);
        FloatVector d6 = lower(c3, c11);
        FloatVector d7 = upper(c3, c11);
        FloatVector d8 = lower(c4, c12);
        FloatVector d9 = upper(c4, c12);
        FloatVector d10 = lower(c5, c13);
        FloatVector d11 = upper(c5, c13);
        FloatVector d12 = lower(c6, c14);
        FloatVector d13 = upper(c6, c14);
        FloatVector d14 = lower(c7, c15);
        FloatVector d15 = upper(c7, c15);
        d0.intoArray(target, place + 0 * columnsApart);
        d1.intoArray(target, place + 1 * columnsApart);
        d2.intoArray(target, place + 2 * columnsApart);
        d3.intoArray(target, place + 3 * columnsApart);
        d4.intoArray(target, place + 4 * columnsApart);
        d5.intoArray(target, place + 5 * columnsApart);
        d6.intoArray(target, place + 6 * columnsApart);
        d7.intoArray(target, place + 7 * columnsApart);
        d8.intoArray(target, place + 8 * columnsApart);
        d9.intoArray(target, place + 9 * columnsApart);
        d10.intoArray(target, place + 10 * columnsApart);
        d11.intoArray(target, place + 11 * columnsApart);
        d12.intoArray(target, place + 12 * columnsApart);
        d13.intoArray(target, place + 13 * columnsApart);
        d14.intoArray(target, place + 14 * columnsApart);
        d15.intoArray(target, place + 15 * columnsApart);
    }

    private static FloatVector row(long source, long apart, int row, int last) {
        return Wide.load(Wide.at(source, Math.min(row, last) * apart));
    }
}
