package io.moe4j.comm.minimalasyncep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.tests.contract.CommBackendContract;
import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract kit fails on backends that are broken on purpose: a kit that passes everything proves nothing. */
class KitIsNotVacuousTest {

    static List<Fault> faults() {
        return Faults.all();
    }

    /** An assertion of the kit must fail for the expected reason. An exception that a broken backend itself throws does not count as found. */
    @ParameterizedTest
    @MethodSource("faults")
    void finds(Fault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> results(fault, fault.test()));
    }

    @Test
    @Tag("thorough")
    void findsShortOffsets() {
        finds(Faults.shortOffsets());
    }

    /**
     * Control: planting without a fault makes no test fail. {@link CpuContractTest} shows that the unchanged backend passes each test; here the backend is
     * wrapped, a kernel replaced by the same kernel, and ranks are delayed, but nothing is wrong.
     */
    @ParameterizedTest
    @MethodSource("harmless")
    void passesWithoutAFault(Fault none) {
        assertEquals(List.of(), results(none, none.test()));
    }

    static List<Fault> harmless() {
        return List.of(
                Fault.of("a wrapped backend", CommBackendContract::exchanges, "").wrapped(Wrapped::new),
                Fault.of("replaced kernels", CommBackendContract::exchanges, "").kernel("dispatch_rows", real -> real)
                        .kernel("place_rows", real -> real),
                Fault.of("ranks that fall behind", CommBackendContract::exchangesBackToBack, "")
                        .withoutBarrier("a phase that there is not"),
                Fault.of("ranks that fall behind, in rounds", CommBackendContract::roundsBackToBack, "")
                        .withoutBarrier("a phase that there is not"));
    }

    /** A backend that only throws must not count as found; otherwise any kit would find any fault. */
    @Test
    void anExceptionIsNoFind() {
        Fault broken = Fault.of("throws", CommBackendContract::exchanges, ".*")
                .wrapped((backend, context) -> new Wrapped(backend, context).received((stream, rows) -> {
                    throw new NullPointerException("planted");
                }));
        List<Throwable> failures = results(broken, broken.test());
        assertFalse(failures.isEmpty(), "the kit passes a backend that throws");
        assertTrue(failures.stream().noneMatch(AssertionError.class::isInstance),
                () -> "taken for a find: " + failures);
    }

    private static List<Throwable> results(Fault fault, Function<CommBackendContract, Stream<DynamicTest>> tests) {
        Kit kit = new Kit(fault);
        kit.open();
        try {
            return Planted.failures(tests.apply(kit));
        } finally {
            kit.close();
        }
    }

    private static final class Kit extends CpuContractTest {
        private final Fault fault;

        Kit(Fault fault) {
            this.fault = fault;
        }

        @Override
        protected CommBackendProvider provider() {
            return fault.provider();
        }

        @Override
        protected List<Integer> groupSizes() {
            return List.of(4);
        }
    }
}
