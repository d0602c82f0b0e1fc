package io.moe4j.runtime.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kits of devices, captures, peer groups and collectives find faults planted into the CPU's, by an assertion and for the right reason. */
class KitsAreNotVacuousTest {

    static List<KitFault> faults() {
        return Stream.of(DeviceFaults.all(), CaptureFaults.all(), PeerFaults.all(), CollectivesFaults.all())
                .flatMap(List::stream).toList();
    }

    @ParameterizedTest
    @MethodSource("faults")
    void finds(KitFault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> fault.failures().apply(true));
    }

    /** The control: without the fault the same test passes. */
    @ParameterizedTest
    @MethodSource("faults")
    void passesWithout(KitFault fault) {
        assertEquals(List.of(), fault.failures().apply(false));
    }
}
