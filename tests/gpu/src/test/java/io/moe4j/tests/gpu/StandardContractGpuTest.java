package io.moe4j.tests.gpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.tests.contract.CommBackendContract;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of communication backends, for {@code standard} over peer memory. */
@Tag("gpu")
final class StandardContractGpuTest extends CommBackendContract {

    @Override
    protected CommBackendProvider provider() {
        return Gpu.provider(ServiceLoader.load(CommBackendProvider.class), "standard");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }

    @Override
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional
                .of(Gpu.provider(ServiceLoader.load(CollectivesProvider.class), deviceProvider().collectivesId()
                        .orElseThrow()));
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph"));
    }
}
