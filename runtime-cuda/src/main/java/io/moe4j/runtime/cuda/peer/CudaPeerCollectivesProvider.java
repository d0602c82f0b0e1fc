package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.NativeLibraries;
import java.util.HashMap;
import java.util.Map;

/** Provides the collectives {@code cuda_peer_memory}: for ranks that share a GPU, or use GPUs that reach each other's memory. */
public final class CudaPeerCollectivesProvider implements CollectivesProvider {

    @Override
    public String id() {
        return "cuda_peer_memory";
    }

    @Override
    public String spiVersion() {
        return CollectivesProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Collectives over peer memory on CUDA; works with several ranks on one GPU";
    }

    @Override
    public Availability probe() {
        return NativeLibraries.probe();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CUDA);
    }

    @Override
    public boolean capturable() {
        return true;
    }

    /** True: barriers of different groups use different flags, and each waits in one small block of threads. */
    @Override
    public boolean concurrent() {
        return true;
    }

    @Override
    public Map<String, Long> deviceMemory(int ranks) {
        Map<String, Long> memory = new HashMap<>(CudaPeerGroup.ownMemory(ranks));
        memory.put("collectives", StagedTensors.WINDOW_BYTES + (long) ranks * Long.BYTES);
        // Two tables: of the window, and of the published addresses.
        CudaPeerGroup.tableMemory(ranks).forEach((purpose, bytes) -> memory.merge(purpose, 2 * bytes, Long::sum));
        return memory;
    }

    @Override
    public Collectives open(Group group, RankContext context) {
        if (!(context.device() instanceof CudaDevice device)) {
            throw new DeviceException(id() + " runs on CUDA devices, and this is " + context.device().description()
                    + "; choose collectives that support " + context.device().kind());
        }
        return new CudaPeerCollectives(device, group, context.rendezvous(), context.communication());
    }
}
