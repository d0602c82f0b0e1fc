package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What every plug-in of expert kernels must do. Subclass it, and say which plug-in on which device. Results are compared with a naive reference in
 * double precision, within bounds that follow from the roundings made; NaN never passes. Every element that does not belong to a valid row
 * holds a marked NaN before the call, and must hold it afterwards.
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ExpertKernelsContract {
    private static final long FAR = (1L << 30) + 8;

    private ExpertBench bench;

    /** For subclasses. */
    protected ExpertKernelsContract() {}

    /** The plug-in. */
    protected abstract ExpertKernelsProvider provider();

    /** The device that it runs on. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** The row types that it handles. */
    protected List<DType> rowTypes() {
        return List.of(DType.F32, DType.BF16);
    }

    /**
     * Memory of more than 2³² bytes, of which little is touched. Override it where the device's own would be too much for the machine.
     */
    protected Memory hugeMemory(Device device, long bytes) {
        return device.allocate(bytes, "contract huge rows");
    }

    /** Opens the device and the kernels. */
    @BeforeEach
    public void open() {
        bench = ExpertBench.open(deviceProvider(), deviceConfig(), provider());
    }

    /** Closes them, the kernels twice. */
    @AfterEach
    public void close() {
        bench.close();
    }

    /** Id, version and probe are those of a well-behaved provider. */
    @Test
    public void providerIsWellBehaved() {
        assertTrue(provider().id().matches("[a-z0-9_]+"), provider().id());
        assertEquals(SpiVersion.Compatibility.COMPATIBLE, SpiVersion.parse(ExpertKernelsProvider.SPI_VERSION)
                .accepts(SpiVersion.parse(provider().spiVersion())));
        assertInstanceOf(Availability.Available.class, provider().probe());
        assertTrue(provider().supports(deviceProvider().kind()));
    }

    /** Closing gives back all that opening took. */
    @Test
    public void closingReleasesEverything() {
        Map<String, Long> before = bench.device().allocatedBytes();
        try (SingleRank rank = SingleRank.on(bench.device())) {
            provider().open(rank.context()).close();
        }
        assertEquals(withoutZeros(before), withoutZeros(bench.device().allocatedBytes()));
    }

    /** y = x · wᵀ. */
    @TestFactory
    public Stream<DynamicTest> forward() {
        return cases((shape, dtype) -> {
            double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 1);
            double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 2);
            double[][] y = bench.forward(shape, dtype, x, w);
            for (int r = 0; r < shape.rows(); r++) {
                for (int o = 0; o < shape.outputs(); o++) {
                    ExpertReference.checkProduct("y[" + r + ", " + o + "]", dtype, x[r],
                            w[shape.expertOf(r) * shape.outputs() + o], 0, y[r][o]);
                }
            }
        });
    }

    /** dx = dy · w. */
    @TestFactory
    public Stream<DynamicTest> inputGradient() {
        return cases((shape, dtype) -> {
            double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 3);
            double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 4);
            double[][] dx = bench.inputGradient(shape, dtype, dy, w);
            for (int r = 0; r < shape.rows(); r++) {
                int first = shape.expertOf(r) * shape.outputs();
                for (int i = 0; i < shape.inputs(); i++) {
                    ExpertReference.checkProduct("dx[" + r + ", " + i + "]", dtype, dy[r],
                            column(w, first, first + shape.outputs(), i), 0, dx[r][i]);
                }
            }
        });
    }

    /** dw = Σ dy ⊗ x, in F32 and in the rows' type, overwritten and added to. */
    @TestFactory
    public Stream<DynamicTest> weightGradient() {
        return cases((shape, dtype) -> {
            for (DType gradient : dtype == DType.F32 ? List.of(DType.F32) : List.of(DType.F32, dtype)) {
                checkWeightGradient(shape, dtype, gradient, false);
                checkWeightGradient(shape, dtype, gradient, true);
            }
        });
    }

    private void checkWeightGradient(ExpertCase shape, DType dtype, DType gradient, boolean accumulate) {
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 5);
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 6);
        double[][] start = shape.values(gradient, shape.experts() * shape.outputs(), shape.inputs(), 7);
        double[][] dw = bench.weightGradient(shape, dtype, gradient, dy, x,
                accumulate ? Optional.of(start) : Optional.empty());
        int end = 0;
        for (int e = 0; e < shape.experts(); e++) {
            int begin = end;
            end += shape.counts().get(e);
            for (int o = 0; o < shape.outputs(); o++) {
                double[] dyColumn = column(dy, begin, end, o);
                for (int i = 0; i < shape.inputs(); i++) {
                    int row = e * shape.outputs() + o;
                    ExpertReference.checkProduct("dw[" + e + ", " + o + ", " + i + "] in " + gradient
                            + (accumulate ? ", added" : ""), gradient, dyColumn, column(x, begin, end, i),
                            accumulate ? start[row][i] : 0, dw[row][i]);
                }
            }
        }
    }

    /** h = weight · silu(gate) · up, gate and up being the halves of one buffer. */
    @TestFactory
    public Stream<DynamicTest> swiglu() {
        return cases((shape, dtype) -> {
            checkSwiGlu(shape, dtype, false);
            checkSwiGlu(shape, dtype, true);
        });
    }

    private void checkSwiGlu(ExpertCase shape, DType dtype, boolean weighted) {
        int features = shape.inputs();
        double[][] gateUp = gateUp(shape, dtype);
        float[] weights = weights(shape);
        double[][] h = bench.swiglu(shape, dtype, gateUp, weighted ? Optional.of(weights) : Optional.empty());
        for (int r = 0; r < shape.rows(); r++) {
            for (int f = 0; f < features; f++) {
                ExpertReference.checkForward("h[" + r + ", " + f + "]", dtype, gateUp[r][f], gateUp[r][features + f],
                        weighted ? weights[r] : 1, h[r][f]);
            }
        }
    }

    /** The gradients by gate, up and weight; in place and not. */
    @TestFactory
    public Stream<DynamicTest> swigluBackward() {
        return cases((shape, dtype) -> {
            checkSwiGluBackward(shape, dtype, false, false);
            checkSwiGluBackward(shape, dtype, true, false);
            checkSwiGluBackward(shape, dtype, true, true);
        });
    }

    private void checkSwiGluBackward(ExpertCase shape, DType dtype, boolean weighted, boolean inPlace) {
        int features = shape.inputs();
        double[][] gateUp = gateUp(shape, dtype);
        double[][] dh = shape.values(dtype, shape.rows(), features, 9);
        float[] weights = weights(shape);
        ExpertBench.SwiGluGradients gradients = bench.swigluBackward(shape, dtype, gateUp, dh,
                weighted ? Optional.of(weights) : Optional.empty(), inPlace);
        for (int r = 0; r < shape.rows(); r++) {
            double[] gate = Arrays.copyOf(gateUp[r], features);
            double[] up = Arrays.copyOfRange(gateUp[r], features, 2 * features);
            double weight = weighted ? weights[r] : 1;
            for (int f = 0; f < features; f++) {
                String at = "[" + r + ", " + f + "]" + (inPlace ? " in place" : "");
                ExpertReference.checkGateGradient("dgate" + at, dtype, gate[f], up[f], dh[r][f], weight,
                        gradients.gateUp()[r][f]);
                ExpertReference.checkUpGradient("dup" + at, dtype, gate[f], dh[r][f], weight,
                        gradients.gateUp()[r][features + f]);
            }
            if (weighted) {
                ExpertReference.checkWeightGradient("dweight[" + r + "]", gate, up, dh[r], gradients.weights()[r]);
            }
        }
        for (int r = shape.rows(); weighted && r < shape.capacity(); r++) {
            assertEquals(-12345, gradients.weights()[r], "dweights beyond the last offset must stay untouched");
        }
    }

    /** Very large and very small gates neither overflow nor turn into NaN; NaN comes through. */
    @Test
    public void swigluAtTheEnds() {
        double[] gates = {0, -0.0, 1e-30, -1e-30, 20, -20, 80, -80, 90, -90, 1e4, -1e4, 3e38, -3e38, Double.NaN};
        ExpertCase shape = new ExpertCase("ends", List.of(1), 1, gates.length, 1, 0, 1);
        double[] gateUp = Arrays.copyOf(gates, 2 * gates.length);
        Arrays.fill(gateUp, gates.length, gateUp.length, 0.5);
        double[] h = bench.swiglu(shape, DType.F32, new double[][] {gateUp}, Optional.empty())[0];
        for (int f = 0; f < gates.length; f++) {
            if (Double.isNaN(gates[f])) {
                assertTrue(Double.isNaN(h[f]), "silu(NaN) must be NaN, was " + h[f]);
            } else {
                double expected = 0.5 * gates[f] * ExpertReference.sigmoid((float) gates[f]);
                // beyond |gate| = 88 the exponential may be cut: what is left is under |gate| e^-87
                double cut = gates[f] < -80 ? Math.abs(gates[f]) * Math.exp(-80) : 0;
                Rounding.check("h at gate " + gates[f], expected, h[f],
                        ExpertReference.swigluError(Math.min(90, Math.abs(gates[f]))) * Math.abs(expected) + cut
                                + Rounding.TINY);
            }
        }
    }

    /** The same call gives the same bits, and the number of cores does not change them. */
    @TestFactory
    public Stream<DynamicTest> sameBitsWithAnyNumberOfThreads() {
        return cases(List.of(new ExpertCase("bits", List.of(300, 0, 41, 7), 60, 200, 170, 2, 77)), (shape, dtype) -> {
            List<double[][]> first = allResults(bench, shape, dtype);
            for (int threads = 1; threads <= 3; threads++) {
                try (ExpertBench other = ExpertBench.open(deviceProvider(), deviceConfig().withThreads(threads),
                        provider())) {
                    List<double[][]> again = allResults(other, shape, dtype);
                    for (int k = 0; k < first.size(); k++) {
                        assertArrayEquals(first.get(k), again.get(k), "kernel " + k + " with " + threads + " threads");
                    }
                }
            }
        });
    }

    private static List<double[][]> allResults(ExpertBench bench, ExpertCase shape, DType dtype) {
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 1);
        double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 2);
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 3);
        double[][] gateUp = gateUp(shape, dtype);
        Optional<float[]> weights = Optional.of(weights(shape));
        List<double[][]> results = new ArrayList<>();
        results.add(bench.forward(shape, dtype, x, w));
        results.add(bench.inputGradient(shape, dtype, dy, w));
        results.add(bench.weightGradient(shape, dtype, dtype, dy, x, Optional.empty()));
        results.add(bench.swiglu(shape, dtype, gateUp, weights));
        ExpertBench.SwiGluGradients gradients = bench.swigluBackward(shape, dtype, gateUp, x, weights, true);
        results.add(gradients.gateUp());
        double[] dweights = new double[shape.rows()];
        Arrays.setAll(dweights, r -> gradients.weights()[r]);
        results.add(new double[][] {dweights});
        return results;
    }

    /** Rows whose elements lie beyond 2³¹ are found, read and written where they are. */
    @TestFactory
    public Stream<DynamicTest> rowsBeyond31Bits() {
        return rowTypes().stream()
                .map(dtype -> dynamicTest(name(dtype), () -> new FarRows(bench, dtype, FAR).check(this::hugeMemory)));
    }

    /** SwiGLU over a worst-case buffer costs what its active rows cost, within 10 %. */
    @Test
    public void swigluCostsWhatTheActiveRowsCost() {
        PaddingCost.check(bench, rowTypes().getFirst());
    }

    /** Shapes that do not fit are refused with the shapes in the message, before anything is enqueued. */
    @Test
    public void refusesShapesThatDoNotFit() {
        DType dtype = rowTypes().getFirst();
        try (RowBuffer x = bench.blank(dtype, 4, 8, 0);
                RowBuffer w = bench.blank(dtype, 6, 7, 0);
                RowBuffer y = bench.blank(dtype, 4, 3, 0)) {
            Tensor offsets = bench.offsets(new int[] {1, 2});
            IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class,
                    () -> bench.kernels().forward(bench.stream(), new GroupedProduct.Forward(x.tensor(),
                            ExpertBench.perExpert(w, 2), offsets, y.tensor())));
            assertTrue(refusal.toString().contains("[4, 8]"), refusal.toString());
        }
    }

    private Stream<DynamicTest> cases(CaseCheck check) {
        return cases(ExpertCase.all(), check);
    }

    private Stream<DynamicTest> cases(List<ExpertCase> shapes, CaseCheck check) {
        Function<DType, Stream<DynamicTest>> byType = dtype -> shapes.stream()
                .map(shape -> dynamicTest(shape.name() + ", " + name(dtype), () -> check.accept(shape, dtype)));
        return rowTypes().stream().flatMap(byType);
    }

    private static String name(DType dtype) {
        return dtype.name().toLowerCase(Locale.ROOT);
    }

    private static double[][] gateUp(ExpertCase shape, DType dtype) {
        double[][] values = shape.values(dtype, shape.rows(), 2 * shape.inputs(), 8);
        for (double[] row : values) {
            Arrays.setAll(row, f -> Rounding.to(dtype, 3 * row[f]));
        }
        return values;
    }

    private static float[] weights(ExpertCase shape) {
        float[] weights = new float[shape.capacity()];
        Arrays.fill(weights, Float.NaN);
        for (int r = 0; r < shape.rows(); r++) {
            weights[r] = (r * 37 % 64 - 20) / 32f;
        }
        return weights;
    }

    private static double[] column(double[][] matrix, int from, int to, int column) {
        double[] values = new double[to - from];
        Arrays.setAll(values, r -> matrix[from + r][column]);
        return values;
    }

    private static Map<String, Long> withoutZeros(Map<String, Long> bytes) {
        Map<String, Long> kept = new TreeMap<>(bytes);
        kept.values().removeIf(value -> value == 0);
        return kept;
    }

    /** A check of one shape in one type. */
    private interface CaseCheck {
        void accept(ExpertCase shape, DType dtype);
    }
}
