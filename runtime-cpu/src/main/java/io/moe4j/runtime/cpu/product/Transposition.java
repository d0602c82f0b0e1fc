package io.moe4j.runtime.cpu.product;

import jdk.incubator.vector.FloatVector;

/**
 * Transposes 16 × 16 elements in registers. Each of four passes interleaves vector i with vector i + 8, element by element, into vectors 2 i and 2 i + 1. The
 * index of an element has 8 bits, 4 of its row and 4 of its column. A pass rotates these by one bit, so that after four passes row and column are exchanged.
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

    /**
     * Reads rows and writes columns. If there are fewer than 16 rows, the last row is read for each missing one.
     *
     * @param source address of the first row
     * @param apart elements from a row to the next
     * @param rows number of rows, 1 to 16
     * @param target the array that receives the columns, of 16 elements each
     * @param place index of column 0 in {@code target}
     * @param columnsApart elements from a column to the next in {@code target}
     */
    static void run(long source, long apart, int rows, float[] target, int place, int columnsApart) {
        int last = rows - 1;
        FloatVector x0 = Wide.load(row(source, apart, 0, last));
        FloatVector x1 = Wide.load(row(source, apart, 1, last));
        FloatVector x2 = Wide.load(row(source, apart, 2, last));
        FloatVector x3 = Wide.load(row(source, apart, 3, last));
        FloatVector x4 = Wide.load(row(source, apart, 4, last));
        FloatVector x5 = Wide.load(row(source, apart, 5, last));
        FloatVector x6 = Wide.load(row(source, apart, 6, last));
        FloatVector x7 = Wide.load(row(source, apart, 7, last));
        FloatVector x8 = Wide.load(row(source, apart, 8, last));
        FloatVector x9 = Wide.load(row(source, apart, 9, last));
        FloatVector x10 = Wide.load(row(source, apart, 10, last));
        FloatVector x11 = Wide.load(row(source, apart, 11, last));
        FloatVector x12 = Wide.load(row(source, apart, 12, last));
        FloatVector x13 = Wide.load(row(source, apart, 13, last));
        FloatVector x14 = Wide.load(row(source, apart, 14, last));
        FloatVector x15 = Wide.load(row(source, apart, 15, last));
        FloatVector a0 = LOWER.selectFrom(x0, x8);
        FloatVector a1 = UPPER.selectFrom(x0, x8);
        FloatVector a2 = LOWER.selectFrom(x1, x9);
        FloatVector a3 = UPPER.selectFrom(x1, x9);
        FloatVector a4 = LOWER.selectFrom(x2, x10);
        FloatVector a5 = UPPER.selectFrom(x2, x10);
        FloatVector a6 = LOWER.selectFrom(x3, x11);
        FloatVector a7 = UPPER.selectFrom(x3, x11);
        FloatVector a8 = LOWER.selectFrom(x4, x12);
        FloatVector a9 = UPPER.selectFrom(x4, x12);
        FloatVector a10 = LOWER.selectFrom(x5, x13);
        FloatVector a11 = UPPER.selectFrom(x5, x13);
        FloatVector a12 = LOWER.selectFrom(x6, x14);
        FloatVector a13 = UPPER.selectFrom(x6, x14);
        FloatVector a14 = LOWER.selectFrom(x7, x15);
        FloatVector a15 = UPPER.selectFrom(x7, x15);
        FloatVector b0 = LOWER.selectFrom(a0, a8);
        FloatVector b1 = UPPER.selectFrom(a0, a8);
        FloatVector b2 = LOWER.selectFrom(a1, a9);
        FloatVector b3 = UPPER.selectFrom(a1, a9);
        FloatVector b4 = LOWER.selectFrom(a2, a10);
        FloatVector b5 = UPPER.selectFrom(a2, a10);
        FloatVector b6 = LOWER.selectFrom(a3, a11);
        FloatVector b7 = UPPER.selectFrom(a3, a11);
        FloatVector b8 = LOWER.selectFrom(a4, a12);
        FloatVector b9 = UPPER.selectFrom(a4, a12);
        FloatVector b10 = LOWER.selectFrom(a5, a13);
        FloatVector b11 = UPPER.selectFrom(a5, a13);
        FloatVector b12 = LOWER.selectFrom(a6, a14);
        FloatVector b13 = UPPER.selectFrom(a6, a14);
        FloatVector b14 = LOWER.selectFrom(a7, a15);
        FloatVector b15 = UPPER.selectFrom(a7, a15);
        FloatVector c0 = LOWER.selectFrom(b0, b8);
        FloatVector c1 = UPPER.selectFrom(b0, b8);
        FloatVector c2 = LOWER.selectFrom(b1, b9);
        FloatVector c3 = UPPER.selectFrom(b1, b9);
        FloatVector c4 = LOWER.selectFrom(b2, b10);
        FloatVector c5 = UPPER.selectFrom(b2, b10);
        FloatVector c6 = LOWER.selectFrom(b3, b11);
        FloatVector c7 = UPPER.selectFrom(b3, b11);
        FloatVector c8 = LOWER.selectFrom(b4, b12);
        FloatVector c9 = UPPER.selectFrom(b4, b12);
        FloatVector c10 = LOWER.selectFrom(b5, b13);
        FloatVector c11 = UPPER.selectFrom(b5, b13);
        FloatVector c12 = LOWER.selectFrom(b6, b14);
        FloatVector c13 = UPPER.selectFrom(b6, b14);
        FloatVector c14 = LOWER.selectFrom(b7, b15);
        FloatVector c15 = UPPER.selectFrom(b7, b15);
        FloatVector d0 = LOWER.selectFrom(c0, c8);
        FloatVector d1 = UPPER.selectFrom(c0, c8);
        FloatVector d2 = LOWER.selectFrom(c1, c9);
        FloatVector d3 = UPPER.selectFrom(c1, c9);
        FloatVector d4 = LOWER.selectFrom(c2, c10);
        FloatVector d5 = UPPER.selectFrom(c2, c10);
        FloatVector d6 = LOWER.selectFrom(c3, c11);
        FloatVector d7 = UPPER.selectFrom(c3, c11);
        FloatVector d8 = LOWER.selectFrom(c4, c12);
        FloatVector d9 = UPPER.selectFrom(c4, c12);
        FloatVector d10 = LOWER.selectFrom(c5, c13);
        FloatVector d11 = UPPER.selectFrom(c5, c13);
        FloatVector d12 = LOWER.selectFrom(c6, c14);
        FloatVector d13 = UPPER.selectFrom(c6, c14);
        FloatVector d14 = LOWER.selectFrom(c7, c15);
        FloatVector d15 = UPPER.selectFrom(c7, c15);
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

    /** Address of row {@code row}, but at most of row {@code last}. */
    private static long row(long source, long apart, int row, int last) {
        return Wide.at(source, Math.min(row, last) * apart);
    }
}
