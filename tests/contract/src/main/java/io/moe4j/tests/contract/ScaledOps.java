package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;

/**
 * Checks a device's operations on types with scales: it quantises with the bits of the definition, and multiplies within a derived bound; or it says that
 * it does not support them, and refuses.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ScaledOps {
    private static final List<Long> ROWS = List.of(1L, Scales.BLOCK);
    private static final List<Long> COLUMNS = List.of(Scales.BLOCK, 1L);
    private static final List<Long> SQUARES = List.of(Scales.BLOCK, Scales.BLOCK);

    private final Device device;
    private final Stream stream;

    /** The checks on an open device. */
    public ScaledOps(Device device, Stream stream) {
        this.device = device;
        this.stream = stream;
    }

    /** All tests. */
    public java.util.stream.Stream<DynamicTest> tests() {
        return Arrays.stream(DType.values()).filter(DType::isScaled).flatMap(type -> device.ops().supports(type)
                ? java.util.stream.Stream.concat(quantizing(type), products(type))
                : java.util.stream.Stream.of(dynamicTest(type + " is refused", () -> isRefused(type))));
    }

    private java.util.stream.Stream<DynamicTest> quantizing(DType type) {
        List<DynamicTest> tests = new ArrayList<>();
        for (DType plain : List.of(DType.F32, DType.BF16)) {
            tests.add(dynamicTest("quantize " + plain + " rows to " + type, () -> quantize(type, plain, ROWS, 5, 300)));
            tests.add(dynamicTest("quantize a " + plain + " matrix to " + type,
                    () -> quantize(type, plain, SQUARES, 300, 129)));
            tests.add(dynamicTest("quantize a stack of " + plain + " matrices to " + type,
                    () -> quantize(type, plain, List.of(1L, Scales.BLOCK, Scales.BLOCK), 3, 130, 7)));
            tests.add(dynamicTest("quantize " + plain + " rows to " + type + ", and its columns, densely",
                    () -> quantizeTwice(type, plain)));
            tests.add(dynamicTest("quantize no " + plain + " row to " + type, () -> quantize(type, plain, ROWS, 0, 3)));
        }
        return tests.stream();
    }

    private void quantize(DType type, DType plain, List<Long> block, long... shape) {
        try (HostValues values = new HostValues(device, stream)) {
            long[] blocks = new long[shape.length];
            Arrays.setAll(blocks, d -> Math.ceilDiv(shape[d], block.get(d)));
            double[] given = inputs(plain, (int) Tensor.bytes(type, shape));
            Tensor x = values.of(plain, given, shape);
            Tensor scales = values.tensor(DType.F32, blocks);
            Tensor scaled = values.tensor(type, shape).withScales(Optional.of(new Scales(scales, block)));
            Tensor back = values.tensor(DType.F32, shape);
            ScalingOps ops = device.ops().scaling().orElseThrow(() -> new AssertionError(
                    "the device supports " + type + ", and has no scaling()"));
            ops.quantize(stream, x, scaled);
            ops.dequantize(stream, scaled, back);
            float[] largest = new float[(int) scales.elements()];
            for (int i = 0; i < given.length; i++) {
                int at = ScaledValues.blockOf(i, block, blocks, shape);
                largest[at] = Math.max(largest[at], Math.abs((float) given[i]));
            }
            double[] expectedScales = new double[largest.length];
            Arrays.setAll(expectedScales, i -> Math.max(largest[i] / Float8.MAX, Float.MIN_NORMAL));
            double[] numbers = new double[given.length];
            double[] elements = new double[given.length];
            for (int i = 0; i < given.length; i++) {
                float scale = (float) expectedScales[ScaledValues.blockOf(i, block, blocks, shape)];
                numbers[i] = Float8.widen(Float8.round((float) given[i] / scale));
                elements[i] = (float) numbers[i] * scale;
            }
            assertArrayEquals(expectedScales, HostValues.read(stream, scales), "scales");
            assertArrayEquals(numbers, HostValues.read(stream, scaled.withScales(Optional.empty())), "stored numbers");
            assertArrayEquals(elements, HostValues.read(stream, back), "and back");
            assertArrayEquals(given, HostValues.read(stream, x), "x, which is read only");
        }
    }

    /** Two results of one call have the bits of two calls; one of them is stored with dense columns. */
    private void quantizeTwice(DType type, DType plain) {
        try (HostValues values = new HostValues(device, stream)) {
            Tensor x = values.of(plain, inputs(plain, 300 * 140), 300, 140);
            Tensor rows = scaled(values, type, ROWS, 300, 140);
            Tensor columns = scaled(values, type, COLUMNS, 300, 140);
            Tensor numbers = values.tensor(type, 140, 300).strided(new long[] {300, 140}, new long[] {1, 300});
            Tensor dense = numbers
                    .withScales(Optional.of(new Scales(values.tensor(DType.F32, 3, 140), COLUMNS)));
            ScalingOps ops = device.ops().scaling().orElseThrow();
            ops.quantizeEach(stream, x, List.of(rows, dense));
            ops.quantize(stream, x, columns);
            double[] expected = HostValues.read(stream, columns.withScales(Optional.empty()));
            double[] stored = HostValues.read(stream,
                    numbers.strided(new long[] {140, 300}, new long[] {300, 1}));
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], stored[i % 140 * 300 + i / 140], "number " + i);
            }
            assertArrayEquals(scalesOf(columns), scalesOf(dense), "scales of columns");
            Tensor again = scaled(values, type, ROWS, 300, 140);
            ops.quantize(stream, x, again);
            assertArrayEquals(scalesOf(again), scalesOf(rows), "scales of rows");
            assertArrayEquals(HostValues.read(stream, again.withScales(Optional.empty())),
                    HostValues.read(stream, rows.withScales(Optional.empty())), "numbers of rows");
        }
    }

    private double[] scalesOf(Tensor scaled) {
        return HostValues.read(stream, scaled.scales().orElseThrow().values());
    }

    private static Tensor scaled(HostValues values, DType type, List<Long> block, long rows, long columns) {
        Tensor scales = values.tensor(DType.F32, Math.ceilDiv(rows, block.get(0)), Math.ceilDiv(columns, block.get(1)));
        return values.tensor(type, rows, columns).withScales(Optional.of(new Scales(scales, block)));
    }

    /** Numbers of all sizes; a long run of zeros, one NaN and one infinity, each in a block of its own if there are several. */
    private static double[] inputs(DType plain, int count) {
        Random random = new Random(3);
        double[] given = new double[count];
        for (int i = 0; i < count; i++) {
            given[i] = Rounding.to(plain, random.nextGaussian() * Math.scalb(1.0, random.nextInt(30) - 15));
        }
        if (count > 1200) {
            Arrays.fill(given, 300, 600, 0);
            given[count - 1] = Double.NaN;
            given[700] = Double.NEGATIVE_INFINITY;
        }
        return given;
    }

    private java.util.stream.Stream<DynamicTest> products(DType type) {
        List<DynamicTest> tests = new ArrayList<>();
        long[][] extents = {{3, 5, 300}, {1, 1, 1}, {129, 2, 128}, {4, 130, 257}, {4, 3, 0}, {0, 3, 5}};
        for (long[] mnk : extents) {
            for (int transposes = 0; transposes < 4; transposes++) {
                boolean a = (transposes & 1) != 0;
                boolean b = (transposes & 2) != 0;
                for (DType result : List.of(DType.F32, DType.BF16)) {
                    tests.add(dynamicTest("matmul " + type + " " + Arrays.toString(mnk) + (a ? " aᵀ" : "")
                            + (b ? " bᵀ" : "") + " into " + result, () -> product(type, result, mnk, a, b)));
                }
            }
        }
        return tests.stream();
    }

    private void product(DType type, DType result, long[] mnk, boolean transposeA, boolean transposeB) {
        int m = (int) mnk[0];
        int n = (int) mnk[1];
        int k = (int) mnk[2];
        List<List<Long>> blocks = List.of(ROWS, COLUMNS, SQUARES, List.of(2L, 48L));
        for (int i = 0; i < blocks.size(); i++) {
            try (HostValues values = new HostValues(device, stream)) {
                ScaledValues a = ScaledValues.random(values, type, blocks.get(i), 7, transposeA ? k : m,
                        transposeA ? m : k);
                ScaledValues b = ScaledValues.random(values, type, blocks.get((i + 2) % blocks.size()), 8,
                        transposeB ? n : k, transposeB ? k : n);
                // Sums along columns are taken both over dense rows and over dense columns.
                Tensor storedA = (transposeA && i % 2 == 1 ? a.byColumns(values) : a).tensor();
                Tensor storedB = (!transposeB && i % 2 == 0 ? b.byColumns(values) : b).tensor();
                double[] before = new Random(9).doubles((long) m * n, -1, 1).map(x -> Rounding.to(result, x)).toArray();
                for (float beta : new float[] {0, 1}) {
                    Tensor c = values.of(result, before, m, n);
                    if (beta == 0) {
                        stream.fill(c, Double.NaN);
                    }
                    Matmul call = new Matmul(storedA, storedB, c, transposeA, transposeB, 0.5f, beta);
                    device.ops().matmul().matmul(stream, call);
                    double[] actual = HostValues.read(stream, c);
                    for (int row = 0; row < m; row++) {
                        for (int column = 0; column < n; column++) {
                            double[] terms = new double[k];
                            for (int t = 0; t < k; t++) {
                                terms[t] = 0.5 * a.elements()[transposeA ? t * m + row : row * k + t]
                                        * b.elements()[transposeB ? column * k + t : t * n + column];
                            }
                            ScaledValues.check("c[" + row + ", " + column + "] with blocks of " + blocks.get(i)
                                    + " and beta " + beta, result, terms, beta * before[row * n + column],
                                    actual[row * n + column]);
                        }
                    }
                }
            }
        }
    }

    private void isRefused(DType type) {
        assertEquals(Optional.empty(), device.ops().scaling().map(Object::getClass),
                "scaling() of a device that supports"
                        + " no type with scales");
        try (HostValues values = new HostValues(device, stream)) {
            Tensor a = values.tensor(type, 2, 2)
                    .withScales(Optional.of(Scales.ofRows(values.of(DType.F32, new double[] {1, 1}, 2, 1))));
            Tensor c = values.tensor(DType.F32, 2, 2);
            RuntimeException refused = assertThrows(RuntimeException.class,
                    () -> device.ops().matmul().matmul(stream, Matmul.of(a, a, c)));
            assertTrue(String.valueOf(refused.getMessage()).contains(type.name()), refused.toString());
        }
    }
}
