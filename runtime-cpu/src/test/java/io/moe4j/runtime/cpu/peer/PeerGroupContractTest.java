package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.runtime.cpu.CpuCaptureProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.tests.contract.PeerGroupContract;
import java.util.Optional;

/** The contract in strict mode: streams run later than the host, and freed memory is poisoned. */
class PeerGroupContractTest extends PeerGroupContract {

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
