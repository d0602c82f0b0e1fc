package example.gatherall;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommBackendContract;
import io.moe4j.tests.contract.Installed;
import java.util.List;
import java.util.Optional;

/** The contract of communication backends, on the CPU in strict mode: streams run asynchronously, memory is guarded, and what is freed holds NaN. */
class GatherAllContractTest extends CommBackendContract {

    @Override
    protected CommBackendProvider provider() {
        return new GatherAllProvider();
    }

    @Override
    protected DeviceProvider deviceProvider() {
        return Installed.device("cpu");
    }

    @Override
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults().withStrict(true);
    }

    /** Left out by a backend that needs none. */
    @Override
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.of(Installed.collectives(deviceProvider()));
    }

    @Override
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.of(Installed.capture(deviceProvider().captureId()));
    }

    /** F32 and BF16 unless it says otherwise. */
    @Override
    protected List<DType> rowTypes() {
        return List.of(DType.F32);
    }

    /** Takes 8 GiB and some seconds: yes before a release, and on a machine that has them. */
    @Override
    protected boolean hasRoomForFarRows(Device device) {
        return Boolean.getBoolean("far.rows");
    }
}
