package io.moe4j.comm.standard;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.runtime.cpu.CpuCaptureProvider;
import io.moe4j.runtime.cpu.CpuDeviceProvider;
import io.moe4j.runtime.cpu.peer.CpuPeerCollectivesProvider;
import io.moe4j.tests.contract.CommBackendContract;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The contract on the CPU, in strict mode: streams run later than the host, and freed memory is poisoned. */
class CpuContractTest extends CommBackendContract {

    @Override
    protected CommBackendProvider provider() {
        return new StandardProvider();
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return new CpuDeviceProvider();
    }

    @Override
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults().withStrict(true);
    }

    /** This backend copies rows twice on their way, and touches 8 GiB: half as much time as all other tests of this kit take together. */
    @Override
    @Test
    @Tag("thorough")
    @ResourceLock("gigabytes of memory")
    @SuppressWarnings("JUnitMethodInvoked") // the kit's own test, under another tag
    public void rowsBeyond31Bits() {
        super.rowsBeyond31Bits();
    }

    @Override
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.of(new CpuPeerCollectivesProvider());
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(new CpuCaptureProvider());
    }
}
