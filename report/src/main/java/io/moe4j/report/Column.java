package io.moe4j.report;

import java.util.Arrays;

/** Numbers that are added one by one; NaN where there is none. */
final class Column {
    private double[] values = new double[256];
    private int size;

    void add(double value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    double at(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("value " + index + " of " + size);
        }
        return values[index];
    }

    int size() {
        return size;
    }

    boolean hasNumber() {
        return Arrays.stream(values, 0, size).anyMatch(Double::isFinite);
    }

    boolean hasOtherThanZero() {
        return Arrays.stream(values, 0, size).anyMatch(value -> Double.isFinite(value) && value != 0);
    }
}
