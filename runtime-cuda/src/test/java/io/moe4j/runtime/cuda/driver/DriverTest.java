package io.moe4j.runtime.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages for return codes. */
final class DriverTest {

    @Test
    void successIsNoFailure() {
        assertDoesNotThrow(() -> Driver.check(CUresult.CUDA_SUCCESS, "cuMemFree"));
    }

    @Test
    void theMessageHasTheCallTheCodeAndTheRemedy() {
        String message = assertThrows(DeviceException.class,
                () -> Driver.check(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, "download of 12 bytes")).getMessage();
        assertTrue(message.startsWith("download of 12 bytes failed with CUDA_ERROR_ILLEGAL_ADDRESS (700); "), message);
        assertTrue(message.contains("another process that has ended") && message.contains("compute-sanitizer"),
                message);
    }

    @ParameterizedTest
    @ValueSource(ints = {CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_LAUNCH_FAILED,
            CUresult.CUDA_ERROR_MISALIGNED_ADDRESS})
    void afterAFailedKernelTheContextIsLost(int result) {
        assertThrows(ContextLostException.class, () -> Driver.check(result, "cuMemFree"));
    }

    @ParameterizedTest
    @ValueSource(ints = {CUresult.CUDA_ERROR_OUT_OF_MEMORY, CUresult.CUDA_ERROR_INVALID_VALUE,
            CUresult.CUDA_ERROR_INVALID_HANDLE})
    void afterARefusedCallItIsNot(int result) {
        assertEquals(DeviceException.class,
                assertThrows(DeviceException.class, () -> Driver.check(result, "cuMemFree")).getClass());
    }
}
