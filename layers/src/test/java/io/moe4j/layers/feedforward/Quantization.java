package io.moe4j.layers.feedforward;

import io.moe4j.api.tensor.Float8;

/**
 * Numbers in e4m3 with scales, computed from the definition one block at a time: the reference.
 *
 * @param elements stored numbers times scales, row-major; exact in double
 */
record Quantization(double[] elements) {

    /**
     * Quantizes a matrix.
     *
     * @param rows those that take part; later ones are left at 0
     * @param across columns of a block
     */
    static Quantization of(double[] x, int rows, int columns, int down, int across) {
        double[] elements = new double[x.length];
        for (int top = 0; top < rows; top += down) {
            for (int left = 0; left < columns; left += across) {
                block(x, elements, columns, top, Math.min(rows, top + down), left, Math.min(columns, left + across));
            }
        }
        return new Quantization(elements);
    }

    private static void block(double[] x, double[] elements, int columns, int top, int bottom, int left, int right) {
        float largest = 0;
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                largest = Math.max(largest, (float) Math.abs(x[row * columns + column]));
            }
        }
        float scale = Math.max(largest / 448, 0x1p-126f);
        for (int row = top; row < bottom; row++) {
            for (int column = left; column < right; column++) {
                int at = row * columns + column;
                elements[at] = (double) Float8.widen(Float8.round((float) x[at] / scale)) * scale;
            }
        }
    }
}
