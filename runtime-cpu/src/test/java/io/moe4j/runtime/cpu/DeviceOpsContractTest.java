package io.moe4j.runtime.cpu;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.tests.contract.ops.DeviceOpsContract;
import java.util.Optional;

class DeviceOpsContractTest extends DeviceOpsContract {

    @Override
    protected DeviceProvider provider() {
        return new CpuDeviceProvider();
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(new CpuCaptureProvider());
    }
}
