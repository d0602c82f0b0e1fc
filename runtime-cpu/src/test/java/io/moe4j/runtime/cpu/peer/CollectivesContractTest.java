package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.CollectivesContract;

/** The contract in strict mode: streams run later than the host, and freed memory is poisoned. */
class CollectivesContractTest extends CollectivesContract {

    @Override
    protected CollectivesProvider provider() {
        return new CpuPeerCollectivesProvider();
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
