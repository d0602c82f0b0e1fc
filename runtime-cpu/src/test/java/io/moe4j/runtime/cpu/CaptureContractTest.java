package io.moe4j.runtime.cpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.GraphCaptureContract;

/** The contract in strict mode: streams run later than the host, and freed memory is poisoned. */
class CaptureContractTest extends GraphCaptureContract {

    @Override
    protected GraphCaptureProvider provider() {
        return new CpuCaptureProvider();
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
