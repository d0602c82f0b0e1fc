package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.runtime.planning.PlanningCollectives;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.runtime.planning.PlanningRendezvous;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A device that computes nothing and counts everything, with one rank, which the absent ones answer. */
final class PlanningPlace implements RankPlace {
    private final PlanningDevice device;
    private final Rendezvous rendezvous = new PlanningRendezvous();
    private final List<Collectives> collectives = new ArrayList<>();

    PlanningPlace(PlanningDevice device) {
        this.device = device;
    }

    /** What the rank has sent in collectives. */
    long bytesSent() {
        return collectives.stream().mapToLong(Collectives::bytesSent).sum();
    }

    @Override
    public PlanningDevice device() {
        return device;
    }

    @Override
    public Rendezvous rendezvous() {
        return rendezvous;
    }

    @Override
    public Memory openStack() {
        return device.endless();
    }

    @Override
    public Collectives openCollectives(Group group, RankContext rank) {
        Collectives opened = new PlanningCollectives(group);
        collectives.add(opened);
        return opened;
    }

    @Override
    public Optional<GraphCapture> openCapture(RankContext rank) {
        return Optional.empty();
    }
}
