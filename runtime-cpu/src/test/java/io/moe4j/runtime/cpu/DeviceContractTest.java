package io.moe4j.runtime.cpu;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.DeviceContract;

class DeviceContractTest extends DeviceContract {

    @Override
    protected DeviceProvider provider() {
        return new CpuDeviceProvider();
    }
}
