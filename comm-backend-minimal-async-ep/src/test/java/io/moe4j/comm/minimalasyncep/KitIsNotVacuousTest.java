package io.moe4j.comm.minimalasyncep;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.tests.contract.CommBackendContract;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract kit fails on backends that are broken on purpose: a kit that passes everything proves nothing. */
class KitIsNotVacuousTest {

    static Stream<Arguments> plants() {
        Function<CommBackendContract, Stream<DynamicTest>> exchanges = CommBackendContract::exchanges;
        Function<CommBackendContract, Stream<DynamicTest>> races = CommBackendContract::exchangesBackToBack;
        Function<CommBackendContract, Stream<DynamicTest>> padding = CommBackendContract::paddingIsNotWritten;
        Function<CommBackendContract, Stream<DynamicTest>> adjoints = CommBackendContract::adjoints;
        Function<CommBackendContract, Stream<DynamicTest>> capture = CommBackendContract::capture;
        Function<CommBackendContract, Stream<DynamicTest>> closing = kit -> Stream
                .of(DynamicTest.dynamicTest("closing", kit::closingReleasesEverything));
        return Stream.of(Arguments.of(Fault.FORGETS_SCALARS, "exchanges", exchanges),
                Arguments.of(Fault.FORGETS_SCALARS, "adjoints", adjoints),
                Arguments.of(Fault.REPEATS_A_ROW, "exchanges", exchanges),
                Arguments.of(Fault.REPEATS_A_ROW, "adjoints", adjoints),
                Arguments.of(Fault.SWAPS_ROWS, "exchanges", exchanges),
                Arguments.of(Fault.WRITES_PADDING, "padding", padding),
                Arguments.of(Fault.WAITS_FOR_THE_HOST, "capture", capture),
                Arguments.of(Fault.LEAKS, "closing", closing),
                Arguments.of(Fault.SKIPS_COUNTS_FREE, "races", races),
                Arguments.of(Fault.SKIPS_COUNTS_THERE, "races", races),
                Arguments.of(Fault.SKIPS_BUFFER_FREE, "races", races),
                Arguments.of(Fault.SKIPS_ROWS_THERE, "races", races),
                Arguments.of(Fault.SKIPS_EXPERTS_DONE, "races", races));
    }

    @ParameterizedTest(name = "{0} is caught by {1}")
    @MethodSource("plants")
    void catches(Fault fault, String name, Function<CommBackendContract, Stream<DynamicTest>> tests) {
        Planted kit = new Planted(fault);
        kit.open();
        try {
            assertTrue(tests.apply(kit).anyMatch(KitIsNotVacuousTest::fails), name + " did not notice " + fault);
        } finally {
            kit.close();
        }
    }

    private static boolean fails(DynamicTest test) {
        try {
            test.getExecutable().execute();
            return false;
        } catch (Throwable expected) {
            return true;
        }
    }

    private static final class Planted extends CpuContractTest {
        private final Fault fault;

        Planted(Fault fault) {
            this.fault = fault;
        }

        @Override
        protected CommBackendProvider provider() {
            return new Provider(fault);
        }

        @Override
        protected List<Integer> groupSizes() {
            return List.of(4);
        }
    }

    private record Provider(Fault fault) implements CommBackendProvider {

        @Override
        public CommBackend open(CommConfig config, CommContext context) {
            return fault.spoil(new MinimalAsyncEpProvider().open(config, fault.context(context)), context);
        }

        @Override
        public String id() {
            return "planted";
        }

        @Override
        public String spiVersion() {
            return CommBackendProvider.SPI_VERSION;
        }

        @Override
        public String description() {
            return "broken: " + fault;
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }

        @Override
        public boolean supports(DeviceKind kind) {
            return true;
        }

        @Override
        public CommRequirements requirements() {
            return new MinimalAsyncEpProvider().requirements();
        }
    }
}
