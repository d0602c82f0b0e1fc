package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.trainer.plugins.Opening;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Real devices, for ranks that run.
 *
 * @param devices the device of each world rank
 * @param plans the memory plan of each world rank
 */
record DevicePlace(Map<Integer, Device> devices, Rendezvous rendezvous, Map<Integer, MemoryPlan> plans,
        Providers providers)
        implements RankPlace {

    @Override
    public Device device(int rank) {
        return Objects.requireNonNull(devices.get(rank), () -> "rank " + rank + " does not live in this JVM");
    }

    @Override
    public Memory openStack(int rank) {
        return device(rank).allocate(plan(rank).stackBytes(), "planned memory");
    }

    @Override
    public Memory openLane(int rank) {
        return device(rank).allocate(plan(rank).laneBytes(), "planned memory");
    }

    private MemoryPlan plan(int rank) {
        return Objects.requireNonNull(plans.get(rank), () -> "rank " + rank + " has no plan");
    }

    @Override
    public Collectives openCollectives(Group group, RankContext rank) {
        return Opening.of(providers.collectives(), () -> providers.collectives().open(group, rank));
    }

    @Override
    public Optional<GraphCapture> openCapture(RankContext rank) {
        return providers.capture().map(provider -> Opening.of(provider, () -> provider.open(rank)));
    }
}
