package io.moe4j.activationcheckpoint;

import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.RecomputePolicyContract;

class BudgetRecomputeContractTest extends RecomputePolicyContract {

    @Override
    protected RecomputePolicyProvider provider() {
        return new BudgetRecomputeProvider();
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return new CpuDeviceProvider();
    }

    @Override
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults().withStrict(true);
    }
}
