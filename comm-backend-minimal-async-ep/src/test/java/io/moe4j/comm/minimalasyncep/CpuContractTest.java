package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.runtime.cpu.CpuCaptureProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.CommBackendContract;
import java.util.Optional;

/** The contract on the CPU, in strict mode: streams run later than the host, and freed memory is poisoned. */
class CpuContractTest extends CommBackendContract {

    @Override
    protected CommBackendProvider provider() {
        return new MinimalAsyncEpProvider();
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return new CpuDeviceProvider();
    }

    @Override
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults().withStrict(true);
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(new CpuCaptureProvider());
    }
}
