package io.moe4j.kernels.swiglu;

import static io.moe4j.tests.contract.Planted.CALL;

import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.ExpertKernelsContract;
import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kit of expert kernels finds faults planted into {@code swiglu}, by an assertion and for the right reason. {@link CpuContractTest} is the control. */
class KitIsNotVacuousTest {

    /** The faulty behaviour of a kernel. */
    private interface Wrong {
        @Nullable
        Object answer(ExpertKernels real, Stream stream, Object arguments);
    }

    /**
     * A planted fault.
     *
     * @param kernel which kernel is wrong, and how it is called
     * @param reason words of the assertion that finds it
     * @param test the test of the kit that must find it
     */
    record Fault(String name, String kernel, String reason,
            Function<ExpertKernelsContract, java.util.stream.Stream<DynamicTest>> test, Wrong wrong) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** The same numbers, but all indices of the outermost dimension have the scales of the first. */
    private static Tensor firstScales(Tensor tensor) {
        if (tensor.scales().isEmpty()) {
            return tensor;
        }
        Tensor values = tensor.scales().get().values();
        long[] strides = values.strides().stream().mapToLong(Long::longValue).toArray();
        strides[0] = 0;
        Tensor first = values.strided(values.shape().stream().mapToLong(Long::longValue).toArray(), strides);
        return tensor.withScales(Optional.of(new Scales(first, tensor.scales().get().block())));
    }

    @SuppressWarnings("ArgumentSelectionDefectChecker") // one fault is that two arguments are exchanged
    static List<Fault> faults() {
        return List.of(
                new Fault("a product does nothing", "forward", "NaN", ExpertKernelsContract::forward,
                        (real, stream, arguments) -> null),
                new Fault("a product of one row too many", "forward", "touched|mark|written|padding",
                        ExpertKernelsContract::forward, (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            real.forward(stream, given);
                            return fillLastRow(stream, given.y_RO());
                        }),
                new Fault("weights of another expert", "forward", "expected", ExpertKernelsContract::forward,
                        (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            Tensor w = given.w_eOI();
                            Tensor same = w.strided(new long[] {w.dim(0), w.dim(1), w.dim(2)},
                                    new long[] {0, w.stride(1), w.stride(2)});
                            real.forward(stream, new GroupedProduct.Forward(given.x_RI(), same, given.offsets_e(),
                                    given.y_RO()));
                            return null;
                        }),
                new Fault("a sum of 2048 terms at most", "forward", "expected", ExpertKernelsContract::forward,
                        (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            long terms = Math.min(2048, given.x_RI().dim(1));
                            real.forward(stream, new GroupedProduct.Forward(given.x_RI().slice(1, 0, terms),
                                    given.w_eOI().slice(2, 0, terms), given.offsets_e(), given.y_RO()));
                            return null;
                        }),
                new Fault("an input gradient of 2048 terms at most", "inputGradient", "expected",
                        ExpertKernelsContract::inputGradient, (real, stream, arguments) -> {
                            GroupedProduct.InputGradient given = (GroupedProduct.InputGradient) arguments;
                            long terms = Math.min(2048, given.dy_RO().dim(1));
                            real.inputGradient(stream,
                                    new GroupedProduct.InputGradient(given.dy_RO().slice(1, 0, terms),
                                            given.w_eOI().slice(1, 0, terms), given.offsets_e(), given.dx_RI()));
                            return null;
                        }),
                new Fault("at most eight experts", "forward", "NaN", ExpertKernelsContract::forward,
                        (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            long experts = Math.min(8, given.offsets_e().dim(0));
                            real.forward(stream, new GroupedProduct.Forward(given.x_RI(),
                                    given.w_eOI().slice(0, 0, experts), given.offsets_e().slice(0, 0, experts),
                                    given.y_RO()));
                            return null;
                        }),
                new Fault("weight gradients of experts that are far apart go to the first", "weightGradient", "far dw",
                        ExpertKernelsContract::rowsBeyond31Bits, (real, stream, arguments) -> {
                            GroupedProduct.WeightGradient given = (GroupedProduct.WeightGradient) arguments;
                            Tensor dw = given.dw_eOI();
                            Tensor first = dw.strided(new long[] {dw.dim(0), dw.dim(1), dw.dim(2)},
                                    new long[] {dw.stride(0) < 1 << 29 ? dw.stride(0) : 0, dw.stride(1), dw.stride(2)});
                            real.weightGradient(stream, new GroupedProduct.WeightGradient(given.dy_RO(), given.x_RI(),
                                    given.offsets_e(), first, given.accumulate()));
                            return null;
                        }),
                new Fault("scales of the first row for all rows", "forward", "expected",
                        ExpertKernelsContract::productsWithScales, (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            real.forward(stream, new GroupedProduct.Forward(firstScales(given.x_RI()), given.w_eOI(),
                                    given.offsets_e(), given.y_RO()));
                            return null;
                        }),
                new Fault("scales of the first expert for all experts", "inputGradient", "expected",
                        ExpertKernelsContract::productsWithScales, (real, stream, arguments) -> {
                            GroupedProduct.InputGradient given = (GroupedProduct.InputGradient) arguments;
                            real.inputGradient(stream, new GroupedProduct.InputGradient(given.dy_RO(),
                                    firstScales(given.w_eOI()), given.offsets_e(), given.dx_RI()));
                            return null;
                        }),
                // Ignoring how many rows came before is a fault only on some processors: with vectors of 512 bits, results do not depend on it.
                new Fault("a product loses the first row of a part that continues an expert's rows", "forward",
                        "y of rows .* came before", ExpertKernelsContract::productsInParts,
                        (real, stream, arguments) -> {
                            GroupedProduct.Forward given = (GroupedProduct.Forward) arguments;
                            real.forward(stream, given);
                            return given.before_1().isPresent() ? fillFirstRow(stream, given.y_RO()) : null;
                        }),
                new Fault("an input gradient loses the first row of a part that continues an expert's rows",
                        "inputGradient", "dx of rows .* came before", ExpertKernelsContract::productsInParts,
                        (real, stream, arguments) -> {
                            GroupedProduct.InputGradient given = (GroupedProduct.InputGradient) arguments;
                            real.inputGradient(stream, given);
                            return given.before_1().isPresent() ? fillFirstRow(stream, given.dx_RI()) : null;
                        }),
                new Fault("an input gradient does nothing", "inputGradient", "NaN",
                        ExpertKernelsContract::inputGradient,
                        (real, stream, arguments) -> null),
                new Fault("a weight gradient is never added", "weightGradient", "expected",
                        ExpertKernelsContract::weightGradient, (real, stream, arguments) -> {
                            GroupedProduct.WeightGradient given = (GroupedProduct.WeightGradient) arguments;
                            real.weightGradient(stream, new GroupedProduct.WeightGradient(given.dy_RO(), given.x_RI(),
                                    given.offsets_e(), given.dw_eOI(), false));
                            return null;
                        }),
                new Fault("a weight gradient with scales forgets the last expert, which has no rows", "weightGradient",
                        "dw\\[4.*expected", ExpertKernelsContract::productsWithScales, (real, stream, arguments) -> {
                            GroupedProduct.WeightGradient given = (GroupedProduct.WeightGradient) arguments;
                            long experts = given.offsets_e().dim(0) - (given.dy_RO().scales().isPresent() ? 1 : 0);
                            real.weightGradient(stream, new GroupedProduct.WeightGradient(given.dy_RO(), given.x_RI(),
                                    given.offsets_e().slice(0, 0, experts), given.dw_eOI().slice(0, 0, experts),
                                    given.accumulate()));
                            return null;
                        }),
                new Fault("SwiGLU without the rows' weights", "swiglu", "expected", ExpertKernelsContract::swiglu,
                        (real, stream, arguments) -> {
                            SwiGlu.Forward given = (SwiGlu.Forward) arguments;
                            real.swiglu(stream, new SwiGlu.Forward(given.gate_RF(), given.up_RF(), Optional.empty(),
                                    given.offsets_e(), given.h_RF()));
                            return null;
                        }),
                new Fault("gate and up exchanged", "swiglu", "expected", ExpertKernelsContract::swiglu,
                        (real, stream, arguments) -> {
                            SwiGlu.Forward given = (SwiGlu.Forward) arguments;
                            real.swiglu(stream, new SwiGlu.Forward(given.up_RF(), given.gate_RF(), given.weights_R(),
                                    given.offsets_e(), given.h_RF()));
                            return null;
                        }),
                new Fault("gradients of gate and up exchanged", "swigluBackward", "expected",
                        ExpertKernelsContract::swigluBackward, (real, stream, arguments) -> {
                            SwiGlu.Backward given = (SwiGlu.Backward) arguments;
                            real.swigluBackward(stream,
                                    new SwiGlu.Backward(given.up_RF(), given.gate_RF(), given.dh_RF(),
                                            given.weights_R(), given.offsets_e(), given.dgate_RF(), given.dup_RF(),
                                            given.dweights_R()));
                            return null;
                        }));
    }

    private static @Nullable Object fillFirstRow(Stream stream, Tensor rows) {
        if (rows.dim(0) > 0) {
            stream.fill(rows.select(0), 1);
        }
        return null;
    }

    private static @Nullable Object fillLastRow(Stream stream, Tensor rows) {
        if (rows.dim(0) > 0) {
            stream.fill(rows.select(rows.dim(0) - 1), 1);
        }
        return null;
    }

    @ParameterizedTest
    @MethodSource("faults")
    void finds(Fault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> failures(new Kit(broken(fault)), fault));
    }

    private static List<Throwable> failures(Kit kit, Fault fault) {
        kit.open();
        try {
            return Planted.failures(fault.test().apply(kit));
        } finally {
            kit.close();
        }
    }

    private static ExpertKernelsProvider broken(Fault fault) {
        ExpertKernelsProvider real = new CpuContractTest().provider();
        return Planted.instead(ExpertKernelsProvider.class, real, (method, arguments) -> {
            if (!method.equals("open")) {
                return CALL;
            }
            ExpertKernels kernels = real.open((RankContext) arguments[0]);
            return Planted.instead(ExpertKernels.class, kernels, (call, given) -> call.equals(fault.kernel())
                    ? fault.wrong().answer(kernels, (Stream) given[0], given[1])
                    : CALL);
        });
    }

    private static final class Kit extends CpuContractTest {
        private final ExpertKernelsProvider provider;

        Kit(ExpertKernelsProvider provider) {
            this.provider = provider;
        }

        @Override
        protected ExpertKernelsProvider provider() {
            return provider;
        }

        @Override
        protected List<DType> rowTypes() {
            return List.of(DType.F32);
        }
    }
}
