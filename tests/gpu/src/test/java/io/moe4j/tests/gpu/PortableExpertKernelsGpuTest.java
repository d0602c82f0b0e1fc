package io.moe4j.tests.gpu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.tests.contract.ExpertKernelsContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;

/** The tests of {@code swiglu}, for {@code swiglu_portable}: on Hopper too, it uses the products of other GPUs. */
@Tag("gpu")
@Timeout(120)
final class PortableExpertKernelsGpuTest extends ExpertKernelsContract {

    @Override
    protected ExpertKernelsProvider provider() {
        return Gpu.provider(ServiceLoader.load(ExpertKernelsProvider.class), "swiglu_portable");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }
}
