package io.moe4j.tests.gpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.ops.DeviceOpsContract;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of device operations, for {@code cuda}. */
@Tag("gpu")
final class DeviceOpsGpuTest extends DeviceOpsContract {

    @Override
    protected DeviceProvider provider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph"));
    }

    @Override
    protected boolean takesManyElements() {
        return true;
    }
}
