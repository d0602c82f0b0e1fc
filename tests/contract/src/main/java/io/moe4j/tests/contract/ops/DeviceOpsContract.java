package io.moe4j.tests.contract.ops;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.ScaledOps;
import io.moe4j.tests.contract.SingleRank;
import io.moe4j.tests.contract.Thoroughness;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The contract of a device's operations. A subclass names the device. Each operation is called with all types, with no row, one row, odd
 * extents and
 * gaps between rows, in place where that is allowed, and:
 *
 * <ul>
 * <li>its results are those of the definition in double precision, within a bound that follows from the roundings made ({@link Approx}); NaN passes only where
 * NaN is expected;
 * <li>nothing else is written: everything else, and the previous content of results, is a marked NaN;
 * <li>the same call gives the same bits, again, and, in a sample of the calls of each family, on any number of threads and replayed from a captured graph.
 * </ul>
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
public abstract class DeviceOpsContract {
    private static final int REPLAYS = 2;
    private static final int LAST = Integer.MAX_VALUE;

    private Device device;
    private SingleRank rank;

    /** For subclasses. */
    protected DeviceOpsContract() {}

    /** The device. */
    protected abstract DeviceProvider provider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Its graph capture; none if it has none. */
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.empty();
    }

    /** Memory of about 12 GiB, of which little is touched. Override it if the device's own memory would be too large for the machine. */
    protected Memory hugeMemory(Device from, long bytes) {
        return from.allocate(bytes, "contract far rows");
    }

    /** Whether the machine has 20 GiB and the speed for tensors of more than 2³¹ elements, all of them used. */
    protected boolean takesManyElements() {
        return false;
    }

    /** Opens the device and a stream. */
    @BeforeEach
    public void open() {
        device = provider().open(deviceConfig());
        rank = SingleRank.on(device);
    }

    /** Closes them. */
    @AfterEach
    public void close() {
        rank.close();
        device.close();
    }

    /** Products: all transposes, any number of rows, with and without adding to the result's previous content. */
    @TestFactory
    public Stream<DynamicTest> matmul() {
        return checks(MatmulCases.all());
    }

    /**
     * Products of an F32 and a BF16 matrix.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> mixedMatmul() {
        return checks(MixedMatmulCases.all());
    }

    /**
     * Several products at once.
     *
     * @since 0.3.0
     */
    @Test
    public void productsAtOnceHaveTheBitsOfEach() {
        new MatmulEachCheck(rank.context()).run();
    }

    /**
     * Quantising, and products of operands with scales, if the device supports them; otherwise it refuses them.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> scaled() {
        return new ScaledOps(device, rank.context().stream()).tests();
    }

    /** Copies between any strides and types. */
    @TestFactory
    public Stream<DynamicTest> copy() {
        return checks(CopyCases.all());
    }

    /** Sums. */
    @TestFactory
    public Stream<DynamicTest> elementwise() {
        return checks(ElementwiseCases.all());
    }

    /** Digests of bytes. */
    @Test
    public void digests() {
        new DigestCheck(rank.context()).run();
    }

    /** RMSNorm and its gradient. */
    @TestFactory
    public Stream<DynamicTest> norm() {
        return checks(NormCases.all());
    }

    /**
     * A norm's gradient that is added to another gradient.
     *
     * @since 0.3.0
     */
    @Test
    public void addedNormGradientHasTheBitsOfTwoOperations() {
        try (OpBench bench = bench(device, rank)) {
            new NormAddedCheck(bench).run();
        }
    }

    /** Rotary position embedding. */
    @TestFactory
    public Stream<DynamicTest> rope() {
        return checks(RopeCases.all());
    }

    /** Attention and its gradient. */
    @TestFactory
    public Stream<DynamicTest> attention() {
        return checks(AttentionCases.all());
    }

    /** Scores that forward stores for its gradient do not change the results' bits. */
    @Test
    public void scoresThatAttentionLeavesDoNotShow() {
        try (OpBench bench = bench(device, rank)) {
            new AttentionScoresCheck(bench).run();
        }
    }

    /** Attention of the last tokens over a cache. */
    @TestFactory
    public Stream<DynamicTest> decode() {
        return checks(DecodeCases.all());
    }

    /** SwiGLU and its gradient. */
    @TestFactory
    public Stream<DynamicTest> activation() {
        return checks(ActivationCases.all());
    }

    /** Table look-up and its gradient. */
    @TestFactory
    public Stream<DynamicTest> embedding() {
        return checks(EmbeddingCases.all());
    }

    /** The gate of a mixture of experts. */
    @TestFactory
    public Stream<DynamicTest> routing() {
        return checks(RoutingCases.all());
    }

    /**
     * The router's auxiliary losses and their gradient.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> routerLosses() {
        return checks(RouterLossCases.all());
    }

    /** Cross-entropy and its gradient. */
    @TestFactory
    public Stream<DynamicTest> loss() {
        return checks(LossCases.all());
    }

    /** AdamW and sums of squares. */
    @TestFactory
    public Stream<DynamicTest> optimizer() {
        return checks(OptimizerCases.all());
    }

    /**
     * Muon's operations on single elements.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> muon() {
        return checks(MuonCases.all());
    }

    /** NaN appears in every result that depends on it, and in no other. */
    @TestFactory
    public Stream<DynamicTest> notANumberIsNotHidden() {
        return checks(NaNCases.all());
    }

    /**
     * Rows whose elements have indices beyond 2³¹ are read and written at the right place. Runs after the other tests, because a device may be unusable
     * after a failure.
     */
    @TestFactory
    @Order(LAST)
    public Stream<DynamicTest> rowsBeyond31Bits() {
        return checks(Stream.of(CopyCases.far(), ElementwiseCases.far(), NormCases.far(), RopeCases.far(),
                AttentionCases.far(), DecodeCases.far(), ActivationCases.far()).flatMap(List::stream).toList());
    }

    /** All elements of tensors with more than 2³¹ elements are processed. */
    @TestFactory
    @Order(LAST)
    public Stream<DynamicTest> moreThan31BitsOfElements() {
        Assumptions.assumeTrue(takesManyElements(), "takesManyElements() says that this machine is too small or slow");
        return new ManyElements(device, rank.context().stream()).tests();
    }

    /** A recorded call runs when it is replayed, on the content of its operands at that time, and gives the bits of an eager call. */
    @TestFactory
    public Stream<DynamicTest> replaysGiveTheSameBits() {
        Assumptions.assumeTrue(captureProvider().isPresent(), "captureProvider() says that the device has no capture");
        GraphCapture capture = captureProvider().orElseThrow().open(rank.context());
        return samples().map(one -> dynamicTest(one.name(), () -> replay(capture, one))).onClose(capture::close);
    }

    private void replay(GraphCapture capture, OpCase one) {
        try (OpBench bench = bench(device, rank)) {
            OpCall call = one.prepare().apply(bench);
            List<byte[]> eager = bench.run(stream -> call.enqueue().run());
            List<CapturedGraph> graphs = new ArrayList<>();
            bench.checkUntouched(bench.run(stream -> graphs.add(capture.capture(stream, call.enqueue()))));
            try (CapturedGraph graph = graphs.getFirst()) {
                for (int i = 0; i < REPLAYS; i++) {
                    bench.same("replay " + i, eager, bench.run(graph::replay));
                }
            }
        }
    }

    /** On a device that computes with the host's cores, their number does not change a bit. */
    @TestFactory
    public Stream<DynamicTest> sameBitsWithAnyNumberOfThreads() {
        Assumptions.assumeTrue(provider().kind().equals(DeviceKind.CPU),
                () -> "the host's cores are nothing to a device of kind " + provider().kind());
        Device one = provider().open(deviceConfig().withThreads(1));
        SingleRank onOne = SingleRank.on(one);
        return samples().map(each -> dynamicTest(each.name(), () -> {
            try (OpBench several = bench(device, rank); OpBench single = bench(one, onOne)) {
                OpCall call = each.prepare().apply(several);
                OpCall again = each.prepare().apply(single);
                several.same("on one thread", several.run(stream -> call.enqueue().run()),
                        single.run(stream -> again.enqueue().run()));
            }
        })).onClose(() -> {
            onOne.close();
            one.close();
        });
    }

    /** Shapes and types that do not fit are refused on the host, with the tensor in the message, and later calls work. */
    @Test
    public void refusesWhatDoesNotFit() {
        try (OpBench bench = bench(device, rank)) {
            Tensor small = bench.of(DType.F32, Layout.DENSE, new double[6], 2, 3).tensor();
            Tensor large = bench.of(DType.F32, Layout.DENSE, new double[8], 2, 4).tensor();
            Tensor narrow = bench.of(DType.BF16, Layout.DENSE, new double[6], 2, 3).tensor();
            Tensor ids = bench.ints(new int[6], 2, 3).tensor();
            var stream = bench.stream();
            refused("F32[2, 4]", () -> bench.ops().elementwise().copy(stream, small, large));
            refused("I32[2, 3]", () -> bench.ops().elementwise().copy(stream, ids, small));
            refused("BF16[2, 3]", () -> bench.ops().elementwise().add(stream, small, narrow, small));
            refused("F32[2, 4]", () -> bench.ops().activation().swiglu(stream, small, small, large));
            refused("BF16[2, 3]", () -> bench.ops().matmul().matmul(stream,
                    Matmul.ofTransposedB(small, narrow, bench.blank(DType.F32, Layout.DENSE, 2, 2).tensor())));
            refused("F32[2, 4]", () -> bench.ops().norm().forward(stream, small, small.select(0), 1e-5f, large,
                    large.select(0)));
            stream.synchronize();
        }
    }

    private static void refused(String tensor, Runnable call) {
        RuntimeException refusal = assertThrows(RuntimeException.class, call::run);
        assertTrue(String.valueOf(refusal.getMessage()).contains(tensor), refusal.toString());
    }

    /** A sample of each family (see {@link Thoroughness#sample}): the effect of replays and threads does not depend on every combination of shapes. */
    private static Stream<OpCase> samples() {
        return Stream.of(MatmulCases.all(), MixedMatmulCases.all(), CopyCases.all(), ElementwiseCases.all(),
                NormCases.all(), RopeCases.all(),
                AttentionCases.all(), DecodeCases.all(), ActivationCases.all(), EmbeddingCases.all(),
                RoutingCases.all(), LossCases.all(),
                OptimizerCases.all(), MuonCases.all(), RouterLossCases.all()).map(Thoroughness::sample)
                .flatMap(List::stream);
    }

    private Stream<DynamicTest> checks(List<OpCase> cases) {
        return cases.stream().map(one -> dynamicTest(one.name(), () -> {
            try (OpBench bench = bench(device, rank)) {
                OpCall call = one.prepare().apply(bench);
                List<byte[]> first = bench.check(call);
                bench.same("the same call again", first, bench.run(stream -> call.enqueue().run()));
            }
        }));
    }

    private OpBench bench(Device on, SingleRank opened) {
        return new OpBench(on, opened.context().stream(), bytes -> hugeMemory(on, bytes));
    }
}
