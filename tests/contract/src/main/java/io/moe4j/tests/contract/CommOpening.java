package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Opening that fails leaves nothing behind, wherever it fails. */
final class CommOpening {
    private static final int MOST_CALLS = 100;

    private final CommKit kit;
    private final CommCase shape;

    CommOpening(CommKit kit, CommCase shape) {
        this.kit = kit;
        this.shape = shape;
    }

    /** Each allocation and each load of kernels fails once, on all ranks alike. */
    void failsHalfWay() {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            Map<String, Long> before = held();
            boolean opened = false;
            for (int failing = 0; !opened; failing++) {
                int now = failing;
                Set<Boolean> outcomes = team.run(rank -> opensDespite(rank, now)).stream()
                        .collect(Collectors.toSet());
                assertEquals(1, outcomes.size(), "ranks opened in different ways");
                opened = outcomes.contains(true);
                assertEquals(before, held(), "memory held after call " + failing + " of opening had failed");
                assertTrue(opened || failing < MOST_CALLS, "opening makes more than " + MOST_CALLS + " calls");
                assertTrue(!opened || failing > 0, "opening neither allocates nor loads kernels: nothing was tested");
            }
        }
    }

    private boolean opensDespite(RankContext rank, int failing) {
        FailingCalls faults = new FailingCalls(failing, Set.of("allocate", "load"));
        CommRequirements needs = kit.provider().requirements();
        Optional<PeerGroup> peers = needs.needsPeerMemory()
                ? Optional.of(rank.device().openPeerGroup(rank.world(), rank.rendezvous()))
                : Optional.empty();
        Optional<Collectives> collectives = needs.needsCollectives()
                ? Optional.of(kit.collectives().orElseThrow().open(rank.world(), rank))
                : Optional.empty();
        try {
            RankContext faulty = new RankContext(rank.world(), faults.wrap(Device.class, rank.device()), rank.stream(),
                    rank.memory(), rank.rendezvous());
            CommContext context = new CommContext(faulty, rank.world(),
                    peers.map(group -> faults.wrap(PeerGroup.class, group)), collectives);
            kit.provider().open(shape.config(DType.F32), context).close();
            return true;
        } catch (FailingCalls.Injected expected) {
            return false;
        } finally {
            collectives.ifPresent(Collectives::close);
            peers.ifPresent(PeerGroup::close);
        }
    }

    private Map<String, Long> held() {
        Map<String, Long> held = new TreeMap<>(kit.device().allocatedBytes());
        held.values().removeIf(bytes -> bytes == 0);
        return held;
    }

    /** What was opened and used is given back. */
    void closingReleasesEverything() {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            Map<String, Long> before = held();
            CommExchange exchange = new CommExchange(shape, DType.F32);
            team.run(rank -> CommRank.with(kit, shape.config(DType.F32), rank, rank.world(), exchange::on));
            assertEquals(before, held(), "memory held after closing");
        }
    }

    /** Without what it asks for, and with experts that cannot be divided, it says so. */
    void refusesWhatItCannotDo() {
        try (RankTeam team = RankTeam.open(kit.device(), 2, 1 << 20)) {
            team.run(rank -> {
                refused(rank, CommConfig.of(4, 8, 7, 2, DType.F32), "7");
                CommRequirements needs = kit.provider().requirements();
                if (needs.needsPeerMemory() || needs.needsCollectives()) {
                    CommContext bare = new CommContext(rank, rank.world(), Optional.empty(), Optional.empty());
                    assertThrows(DeviceException.class,
                            () -> kit.provider().open(CommConfig.of(4, 8, 8, 2, DType.F32), bare));
                }
                return true;
            });
        }
    }

    private void refused(RankContext rank, CommConfig config, String part) {
        DeviceException refusal = assertThrows(DeviceException.class,
                () -> CommRank.open(kit, config, rank, rank.world()).close());
        assertTrue(String.valueOf(refusal.getMessage()).contains(part), refusal.toString());
    }

    /** Groups that are parts of the world, in use at the same time, do not disturb each other. */
    void partsOfTheWorld(Division parts) {
        try (RankTeam team = RankTeam.open(kit.device(), 2 * shape.ranks(), CommKit.stackBytes(shape))) {
            team.run(rank -> {
                Group group = parts.groupOf(rank);
                CommExchange exchange = new CommExchange(shape.withSeed(shape.seed() + group.ranks().getFirst()),
                        DType.F32);
                return CommRank.with(kit, shape.config(DType.F32), rank, group, exchange::on);
            });
        }
    }

    /** How the world is divided. */
    @FunctionalInterface
    interface Division {
        Group groupOf(RankContext rank);
    }
}
