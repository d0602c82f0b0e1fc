package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.MethodSelector;

/** Checks without a GPU which tests the arguments of {@link GpuTests} choose. */
class GpuTestsTest {
    private static final String TRAINING = TwoDevicesTrainingGpuTest.class.getName();

    @Test
    void methodsWithParametersAreFoundByName() {
        DiscoverySelector found = GpuTests.methods(TRAINING + "#ncclGivesTheSame").getFirst();
        assertEquals("java.lang.String", ((MethodSelector) found).getParameterTypeNames());
    }

    @Test
    void inheritedMethodsAreFoundInTheNamedClass() {
        DiscoverySelector found = GpuTests.methods(DeviceOpsGpuTest.class.getName() + "#attention").getFirst();
        assertEquals(DeviceOpsGpuTest.class, ((MethodSelector) found).getJavaClass());
    }

    @Test
    void unknownNamesAreErrors() {
        assertTrue(message(TRAINING + "#noSuchTest").contains("no method of this name"));
        assertTrue(message("TwoDevicesTrainingGpuTest#ncclGivesTheSame").contains("give full names"));
    }

    private static String message(String argument) {
        return assertThrows(IllegalArgumentException.class, () -> GpuTests.methods(argument)).getMessage();
    }
}
