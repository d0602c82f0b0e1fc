package io.moe4j.tests.gpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.CommBackendContract;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of communication backends, for {@code minimal_async_ep} on CUDA. */
@Tag("gpu")
final class CommBackendContractGpuTest extends CommBackendContract {

    @Override
    protected CommBackendProvider provider() {
        return Gpu.provider(ServiceLoader.load(CommBackendProvider.class), "minimal_async_ep");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph"));
    }
}
