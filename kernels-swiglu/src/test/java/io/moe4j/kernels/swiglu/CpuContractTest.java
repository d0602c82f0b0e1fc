package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.ExpertKernelsContract;

class CpuContractTest extends ExpertKernelsContract {

    @Override
    protected ExpertKernelsProvider provider() {
        return new SwiGluKernelsProvider();
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return new CpuDeviceProvider();
    }
}
