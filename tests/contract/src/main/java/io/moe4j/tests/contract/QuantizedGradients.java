package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/** Gradients of SwiGLU that are quantized as they are computed have the bits of those that are stored first. */
final class QuantizedGradients {
    private static final List<Long> ROWS = List.of(1L, Scales.BLOCK);
    private static final List<Long> COLUMNS = List.of(Scales.BLOCK, 1L);
    /** One complete band of 128 rows, and one whose end has no valid rows. */
    static final int CAPACITY = 300;
    static final int VALID = 277;
    /** Twice a width is a multiple of 128 for the last two; only the last is one itself, so that gate and up share no block of a scale. */
    static final List<Integer> WIDTHS = List.of(40, 192, 256);
    private static final double MARK = 3;

    private final HostValues values;
    private final DType type;
    private final DType plain;
    private final int width;

    QuantizedGradients(HostValues values, DType type, DType plain, int width) {
        this.values = values;
        this.type = type;
        this.plain = plain;
        this.width = width;
    }

    /** Gate and up side by side: the same numbers at each call. */
    Tensor both() {
        return random(1, 2 * width);
    }

    Tensor dh() {
        return random(2, width);
    }

    private Tensor random(int seed, int columns) {
        Random random = new Random(seed);
        double[] given = new double[CAPACITY * columns];
        Arrays.setAll(given, i -> i < VALID * columns
                ? Rounding.to(plain, random.nextGaussian() * Math.scalb(1.0, random.nextInt(8) - 4)) : Double.NaN);
        return values.of(plain, given, CAPACITY, columns);
    }

    /** By rows and by dense columns, as {@code write} leaves them; what it does not write has a mark. */
    List<double[]> results(Consumer<List<Tensor>> write) {
        long columns = 2L * width;
        Tensor byRows = values.tensor(type, CAPACITY, columns);
        Tensor byColumns = values.tensor(type, columns, CAPACITY);
        Tensor scalesOfRows = values.of(DType.F32, new double[CAPACITY * (int) Math.ceilDiv(columns, Scales.BLOCK)],
                CAPACITY, Math.ceilDiv(columns, Scales.BLOCK));
        Tensor scalesOfColumns = values.of(DType.F32, new double[3 * (int) columns], 3, columns);
        for (Tensor numbers : List.of(byRows, byColumns)) {
            double[] marks = new double[(int) numbers.elements()];
            Arrays.fill(marks, MARK);
            values.write(numbers, marks);
        }
        write.accept(List.of(byRows.withScales(Optional.of(new Scales(scalesOfRows, ROWS))),
                byColumns.strided(new long[] {CAPACITY, columns}, new long[] {1, CAPACITY})
                        .withScales(Optional.of(new Scales(scalesOfColumns, COLUMNS)))));
        return List.of(values.read(byRows), values.read(byColumns), values.read(scalesOfRows),
                values.read(scalesOfColumns));
    }

    static void assertSame(List<double[]> expected, List<double[]> actual) {
        List<String> names = List.of("numbers by rows", "numbers by columns", "scales of rows", "scales of columns");
        for (int i = 0; i < names.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), names.get(i));
        }
    }

    /** Sums of a row's parts in another order: each addition rounds by at most 2⁻²⁴ of a partial sum, which is at most the sum of sizes. */
    void assertSums(double[] expected, double[] actual) {
        double[] gateUp = values.read(both());
        double[] dh = values.read(dh());
        for (int row = 0; row < VALID; row++) {
            double sizes = 0;
            for (int f = 0; f < width; f++) {
                double gate = gateUp[row * 2 * width + f];
                sizes += Math
                        .abs(dh[row * width + f] * gate / (1 + Math.exp(-gate)) * gateUp[row * 2 * width + width + f]);
            }
            // Both sums, and the sigmoids of both, which have few bits less than fp32.
            assertEquals(expected[row], actual[row], 2 * (width + 8) * Math.scalb(sizes, -24),
                    "gradient of weight " + row);
        }
    }
}
