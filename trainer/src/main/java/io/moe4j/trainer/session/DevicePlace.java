package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import java.util.Optional;

/** A device that computes. */
record DevicePlace(Device device, Rendezvous rendezvous, long stackBytes, Providers providers) implements RankPlace {

    @Override
    public Memory openStack() {
        return device.allocate(stackBytes, "planned memory");
    }

    @Override
    public Collectives openCollectives(Group group, RankContext rank) {
        return providers.collectives().open(group, rank);
    }

    @Override
    public Optional<GraphCapture> openCapture(RankContext rank) {
        return providers.capture().map(provider -> provider.open(rank));
    }
}
