package io.moe4j.comm.nccl;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Availability;
import io.moe4j.runtime.cuda.CudaDevice;
import java.util.Map;

/** Provides the collectives {@code nccl}: for GPUs of one or of several hosts, with one rank for each GPU. */
public final class NcclProvider implements CollectivesProvider {

    @Override
    public String id() {
        return "nccl";
    }

    @Override
    public String spiVersion() {
        return CollectivesProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "Collectives on NCCL, one rank for each GPU; sums in rank order";
    }

    @Override
    public Availability probe() {
        return NcclLibrary.probe(System.getenv());
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return kind.equals(DeviceKind.CUDA);
    }

    @Override
    public boolean capturable() {
        return true;
    }

    /** Memory that this module allocates. What NCCL allocates for itself depends on the links that it finds. */
    @Override
    public Map<String, Long> deviceMemory(int ranks) {
        return Map.of("collectives", RankOrderSum.deviceBytes(ranks));
    }

    @Override
    public Collectives open(Group group, RankContext context) {
        if (!(context.device() instanceof CudaDevice device)) {
            throw new DeviceException("nccl runs on CUDA devices, and this is " + context.device().description()
                    + "; choose collectives that support " + context.device().kind());
        }
        if (probe() instanceof Availability.Unavailable missing) {
            throw new DeviceException("nccl is unavailable: " + missing.reason() + "; " + missing.remedy());
        }
        Communicator communicator = Communicator.open(device, group, context.rendezvous());
        try {
            return new NcclCollectives(device, communicator);
        } catch (RuntimeException e) {
            communicator.close();
            throw e;
        }
    }
}
