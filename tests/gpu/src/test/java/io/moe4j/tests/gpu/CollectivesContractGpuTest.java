package io.moe4j.tests.gpu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.tests.contract.CollectivesContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of collectives, for {@code cuda_peer_memory}. */
@Tag("gpu")
final class CollectivesContractGpuTest extends CollectivesContract {

    @Override
    protected CollectivesProvider provider() {
        return Gpu.provider(ServiceLoader.load(CollectivesProvider.class), "cuda_peer_memory");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }
}
