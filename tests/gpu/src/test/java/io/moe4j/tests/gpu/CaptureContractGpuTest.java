package io.moe4j.tests.gpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.GraphCaptureContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of graph captures, for {@code cuda_graph}. */
@Tag("gpu")
final class CaptureContractGpuTest extends GraphCaptureContract {

    @Override
    protected GraphCaptureProvider provider() {
        return Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }
}
