package io.moe4j.tests.gpu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.DeviceContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;

/** The contract of devices, for {@code cuda}. */
@Tag("gpu")
final class DeviceContractGpuTest extends DeviceContract {

    @Override
    protected DeviceProvider provider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }
}
