package io.moe4j.trainer.session;

import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.runtime.planning.PlanningCollectives;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.runtime.planning.PlanningRendezvous;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** A device that computes nothing and counts everything, for one rank; the other ranks are simulated. */
final class PlanningPlace implements RankPlace {
    private final PlanningDevice device;
    private final Rendezvous rendezvous = new PlanningRendezvous();
    private final CollectivesProvider provider;
    private final Predicate<Group> oneProcess;
    private final List<PlanningCollectives> collectives = new ArrayList<>();

    /**
     * @param provider provider of the collectives that the planned ranks would have
     * @param oneProcess whether all ranks of a group are threads of one process
     */
    PlanningPlace(PlanningDevice device, CollectivesProvider provider, Predicate<Group> oneProcess) {
        this.device = device;
        this.provider = provider;
        this.oneProcess = oneProcess;
    }

    /** The bytes that the rank has sent, in a model without experts. */
    StepTraffic traffic() {
        return new StepTraffic(sent(PlanningCollectives::gatheredBytes), sent(PlanningCollectives::scatteredBytes),
                sent(PlanningCollectives::reducedBytes), 0, 0, 0, 0, 0);
    }

    /** The bytes that the rank has sent. The exchange counts its own bytes, whether it uses collectives or not. */
    StepTraffic traffic(CountedExchange exchange) {
        StepTraffic shards = traffic();
        return exchange.traffic(shards.allGather(), shards.reduceScatter(), shards.allReduce());
    }

    private long sent(ToLongFunction<PlanningCollectives> kind) {
        return collectives.stream().filter(each -> !each.group().name().equals(RankGroups.EXPERT_PARALLEL))
                .mapToLong(kind).sum();
    }

    @Override
    public PlanningDevice device(int rank) {
        return device;
    }

    @Override
    public Rendezvous rendezvous() {
        return rendezvous;
    }

    @Override
    public Memory openStack(int rank) {
        return device.endless();
    }

    @Override
    public Memory openLane(int rank) {
        return device.endless();
    }

    @Override
    public Collectives openCollectives(Group group, RankContext rank) {
        PlanningCollectives opened = new PlanningCollectives(group, device,
                oneProcess.test(group) ? provider.deviceMemory(group.size())
                        : provider.deviceMemoryOfProcesses(group.size()),
                group.name().endsWith(RankGroups.BESIDE));
        collectives.add(opened);
        return opened;
    }

    @Override
    public Optional<GraphCapture> openCapture(RankContext rank) {
        return Optional.empty();
    }
}
