package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import java.util.Map;

/** Provides the collectives {@code cpu_peer}: for ranks that are threads or processes of one machine. */
public final class CpuPeerCollectivesProvider implements CollectivesProvider {

    @Override
    public String id() {
        return "cpu_peer";
    }

    @Override
    public String spiVersion() {
        return CollectivesProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Collectives over peer memory on the CPU";
    }

    @Override
    public Availability probe() {
        return Availability.available();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CPU);
    }

    @Override
    public boolean capturable() {
        return true;
    }

    @Override
    public boolean concurrent() {
        return true;
    }

    @Override
    public Map<String, Long> deviceMemory(int ranks) {
        return deviceMemory(ranks, true);
    }

    @Override
    public Map<String, Long> deviceMemoryOfProcesses(int ranks) {
        return deviceMemory(ranks, false);
    }

    private static Map<String, Long> deviceMemory(int ranks, boolean oneProcess) {
        return Map.of("collectives", CpuPeerCollectives.deviceBytes(ranks, oneProcess), CpuPeerGroup.FLAGS,
                CpuPeerGroup.deviceBytes(ranks));
    }

    @Override
    public Collectives open(Group group, RankContext context) {
        PeerGroup peers = context.device().openPeerGroup(group, context.rendezvous());
        if (peers instanceof CpuPeerGroup own) {
            return new CpuPeerCollectives(own);
        }
        peers.close();
        throw new DeviceException(id() + " runs on the CPU device, and this is " + context.device().description()
                + "; choose collectives that support " + context.device().kind());
    }
}
