package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
 * The contract of expert kernels. A subclass names the plug-in and the device. Results are compared with a naive reference in
 * double precision, within bounds that follow from the roundings made; NaN never passes. Every element that does not belong to a valid row
 * holds a marked NaN before the call, and must hold it afterwards.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ExpertKernelsContract {
    private static final long FAR = (1L << 30) + 8;

    private OpenExpertKernels bench;

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
     * Memory of more than 2³² bytes, of which little is touched. Override it if the device's own memory would be too large for the machine.
     */
    protected Memory hugeMemory(Device device, long bytes) {
        return device.allocate(bytes, "contract huge rows");
    }

    /** Opens the device and the kernels. */
    @BeforeEach
    public void open() {
        bench = OpenExpertKernels.open(deviceProvider(), deviceConfig(), provider());
    }

    /** Closes them, the kernels twice. */
    @AfterEach
    public void close() {
        bench.close();
    }

    /** Id, version and probe are those of a well-behaved provider. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), ExpertKernelsProvider.SPI_VERSION);
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
        return cases(new ProductChecks(bench)::forward);
    }

    /**
     * Grouped products of rows and weights with scales. Kernels that do not support them must refuse them.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> productsWithScales() {
        return Stream.concat(ScaledGrouped.tests(bench), QuantizedRows.tests(bench));
    }

    /** dx = dy · w. */
    @TestFactory
    public Stream<DynamicTest> inputGradient() {
        return cases(new ProductChecks(bench)::inputGradient);
    }

    /**
     * y += x · wᵀ and dx += dy · w, rounded once, for kernels of SPI 1.2 and later.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> addedProducts() {
        return SpiVersion.parse(provider().spiVersion()).minor() >= 2 ? cases(new ProductChecks(bench)::added)
                : Stream.of();
    }

    /**
     * Rows that are computed in several calls have the same bits as in one call, for kernels of SPI 1.2 and later. Of earlier calls, a call knows only the
     * number of an expert's rows.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> productsInParts() {
        return SpiVersion.parse(provider().spiVersion()).minor() >= 2 ? cases(new ProductParts(bench)::haveTheBitsOfAll)
                : Stream.of();
    }

    /** dw = Σ dy ⊗ x, in F32 and in the rows' type, overwritten and added to. */
    @TestFactory
    public Stream<DynamicTest> weightGradient() {
        return cases(new ProductChecks(bench)::weightGradient);
    }

    /** h = weight · silu(gate) · up, gate and up being the halves of one buffer. */
    @TestFactory
    public Stream<DynamicTest> swiglu() {
        return cases(new SwiGluChecks(bench)::forward);
    }

    /** The gradients with respect to gate, up and weight; in place and not. */
    @TestFactory
    public Stream<DynamicTest> swigluBackward() {
        return cases(new SwiGluChecks(bench)::backward);
    }

    /** Very large and very small gates neither overflow nor turn into NaN; NaN comes through. */
    @Test
    public void swigluAtTheEnds() {
        new SwiGluChecks(bench).atTheEnds();
    }

    /** The same call gives the same bits, and the number of cores does not change them. */
    @TestFactory
    public Stream<DynamicTest> sameBitsWithAnyNumberOfThreads() {
        return cases(List.of(new ExpertCase("bits", List.of(300, 0, 41, 7), 60, 200, 170, 2, 77)), (shape, dtype) -> {
            List<double[][]> first = allResults(bench, shape, dtype);
            for (int threads = 1; threads <= 3; threads++) {
                try (OpenExpertKernels other = OpenExpertKernels.open(deviceProvider(),
                        deviceConfig().withThreads(threads),
                        provider())) {
                    List<double[][]> again = allResults(other, shape, dtype);
                    for (int k = 0; k < first.size(); k++) {
                        assertArrayEquals(first.get(k), again.get(k), "kernel " + k + " with " + threads + " threads");
                    }
                }
            }
        });
    }

    private static List<double[][]> allResults(OpenExpertKernels bench, ExpertCase shape, DType dtype) {
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 1);
        double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 2);
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 3);
        double[][] gateUp = SwiGluChecks.gateUp(shape, dtype);
        Optional<float[]> weights = Optional.of(SwiGluChecks.weights(shape));
        List<double[][]> results = new ArrayList<>();
        results.add(bench.forward(shape, dtype, x, w));
        results.add(bench.inputGradient(shape, dtype, dy, w));
        results.add(bench.weightGradient(shape, dtype, dtype, dy, x, Optional.empty()));
        results.add(bench.swiglu(shape, dtype, gateUp, weights));
        OpenExpertKernels.SwiGluGradients gradients = bench.swigluBackward(shape, dtype, gateUp, x, weights, true);
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

    /** SwiGLU over a worst-case buffer takes no longer than over its active rows alone, within 10 %. */
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
                            OpenExpertKernels.perExpert(w, 2), offsets, y.tensor())));
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
