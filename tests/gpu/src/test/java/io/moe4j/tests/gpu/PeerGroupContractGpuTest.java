package io.moe4j.tests.gpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.PeerGroupContract;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of peer memory, on CUDA. */
@Tag("gpu")
final class PeerGroupContractGpuTest extends PeerGroupContract {

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph"));
    }
}
