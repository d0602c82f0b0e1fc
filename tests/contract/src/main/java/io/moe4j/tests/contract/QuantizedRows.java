package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * The quantization of experts' rows: two results of one call, one of them with contiguous columns. Values after the last row may be NaN, and must be neither
 * read nor written.
 */
final class QuantizedRows {
    private static final List<Long> ROWS = List.of(1L, Scales.BLOCK);
    private static final List<Long> COLUMNS = List.of(Scales.BLOCK, 1L);
    private static final int CAPACITY = 150;
    private static final int WIDTH = 300;
    private static final int VALID = 133;
    private static final double MARK = 3;

    private final OpenExpertKernels bench;
    private final DType type;

    private QuantizedRows(OpenExpertKernels bench, DType type) {
        this.bench = bench;
        this.type = type;
    }

    static Stream<DynamicTest> tests(OpenExpertKernels bench) {
        return Arrays.stream(DType.values()).filter(type -> type.isScaled() && bench.kernels().supports(type))
                .flatMap(type -> Stream.of(
                        dynamicTest("quantize F32 rows to " + type, () -> new QuantizedRows(bench, type).of(DType.F32)),
                        dynamicTest("quantize BF16 rows to " + type,
                                () -> new QuantizedRows(bench, type).of(DType.BF16)),
                        dynamicTest("quantize rows of " + type + " again",
                                () -> new QuantizedRows(bench, type).again())));
    }

    private void of(DType plain) {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            Random random = new Random(4);
            double[] given = new double[CAPACITY * WIDTH];
            for (int i = 0; i < given.length; i++) {
                given[i] = i < VALID * WIDTH
                        ? Rounding.to(plain, random.nextGaussian() * Math.scalb(1.0, random.nextInt(30) - 15))
                        : Double.NaN;
            }
            check(values, values.of(plain, given, CAPACITY, WIDTH), given);
        }
    }

    private void again() {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            ScaledValues x = ScaledValues.random(values, type, ROWS, 5, CAPACITY, WIDTH);
            check(values, x.tensor(), x.elements());
        }
    }

    /** @param given x's elements, as fp32 */
    private void check(HostValues values, Tensor x, double[] given) {
        Tensor byRows = values.tensor(type, CAPACITY, WIDTH);
        Tensor byColumns = values.tensor(type, WIDTH, CAPACITY);
        bench.stream().fill(byRows, MARK);
        bench.stream().fill(byColumns, MARK);
        Tensor scalesOfRows = values.tensor(DType.F32, CAPACITY, 3);
        Tensor scalesOfColumns = values.tensor(DType.F32, 2, WIDTH);
        bench.kernels().quantize(bench.stream(), RowQuantization.of(x, bench.offsets(new int[] {0, 5, VALID}),
                byRows.withScales(Optional.of(new Scales(scalesOfRows, ROWS))),
                byColumns.strided(new long[] {CAPACITY, WIDTH}, new long[] {1, CAPACITY})
                        .withScales(Optional.of(new Scales(scalesOfColumns, COLUMNS)))));
        double[] rows = values.read(byRows);
        double[] columns = values.read(byColumns);
        double[] rowScales = values.read(scalesOfRows);
        double[] columnScales = values.read(scalesOfColumns);
        for (int row = 0; row < CAPACITY; row++) {
            for (int column = 0; column < WIDTH; column++) {
                String at = "[" + row + ", " + column + "]";
                double ofRow = MARK;
                double ofColumn = MARK;
                if (row < VALID) {
                    float value = (float) given[row * WIDTH + column];
                    int piece = column / 128 * 128;
                    float rowScale = scale(given, row, row + 1, piece, Math.min(WIDTH, piece + 128));
                    int band = row / 128 * 128;
                    float columnScale = scale(given, band, Math.min(VALID, band + 128), column, column + 1);
                    assertEquals(rowScale, rowScales[row * 3 + column / 128], "scale of row " + at);
                    assertEquals(columnScale, columnScales[row / 128 * WIDTH + column], "scale of column " + at);
                    ofRow = Float8.widen(Float8.round(value / rowScale));
                    ofColumn = Float8.widen(Float8.round(value / columnScale));
                }
                assertEquals(ofRow, rows[row * WIDTH + column], "number, by rows, " + at);
                assertEquals(ofColumn, columns[column * CAPACITY + row], "number, by columns, " + at);
            }
        }
    }

    private static float scale(double[] given, int fromRow, int toRow, int fromColumn, int toColumn) {
        float largest = 0;
        for (int row = fromRow; row < toRow; row++) {
            for (int column = fromColumn; column < toColumn; column++) {
                largest = Math.max(largest, Math.abs((float) given[row * WIDTH + column]));
            }
        }
        return Math.max(largest / Float8.MAX, Float.MIN_NORMAL);
    }
}
