package io.moe4j.tests.gpu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.tests.contract.ExpertKernelsContract;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;

/** The expert kernels {@code swiglu} on CUDA: tensor cores, fp32, and unaligned rows. */
@Tag("gpu")
@Timeout(120)
final class ExpertKernelsGpuTest extends ExpertKernelsContract {

    @Override
    protected ExpertKernelsProvider provider() {
        return Gpu.provider(ServiceLoader.load(ExpertKernelsProvider.class), "swiglu");
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Gpu.provider(ServiceLoader.load(DeviceProvider.class), "cuda");
    }
}
