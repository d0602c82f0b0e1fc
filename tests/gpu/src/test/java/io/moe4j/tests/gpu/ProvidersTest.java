package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** Checks without a GPU that the GPU tests would find the plug-ins that they test. */
class ProvidersTest {

    @Test
    void areFoundAndHaveKernelsForCuda() {
        DeviceProvider cuda = Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
        assertEquals(DeviceKind.CUDA, cuda.kind());
        assertTrue(Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), cuda.captureId())
                .supports(DeviceKind.CUDA));
        assertTrue(Gpu.provider(ServiceLoader.load(CollectivesProvider.class), cuda.collectivesId().orElseThrow())
                .supports(DeviceKind.CUDA));
        assertTrue(Gpu.provider(ServiceLoader.load(CollectivesProvider.class), "nccl").supports(DeviceKind.CUDA));
        for (String backend : new String[] {"minimal_async_ep", "standard"}) {
            assertTrue(Gpu.provider(ServiceLoader.load(CommBackendProvider.class), backend).supports(DeviceKind.CUDA));
        }
        assertTrue(Gpu.provider(ServiceLoader.load(ExpertKernelsProvider.class), "swiglu")
                .supports(DeviceKind.CUDA));
    }
}
