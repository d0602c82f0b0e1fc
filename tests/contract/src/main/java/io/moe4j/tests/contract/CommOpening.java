package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** If opening fails, nothing remains allocated, wherever it fails. */
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
        CommRank.Foundation foundation = CommRank.Foundation.open(kit, rank, rank.world());
        Map<String, Long> before = heldByAll(rank);
        try {
            RankContext faulty = new RankContext(rank.world(), faults.wrap(Device.class, rank.device()), rank.stream(),
                    rank.memory(), rank.rendezvous());
            CommContext context = new CommContext(faulty, rank.world(),
                    foundation.peers().map(group -> faults.wrap(PeerGroup.class, group)), foundation.collectives());
            kit.provider().open(shape.config(DType.F32), context).close();
            return true;
        } catch (FailingCalls.Injected expected) {
            return false;
        } finally {
            // Checked before the objects below the backend are closed, which would hide what the backend left in them.
            Map<String, Long> after = heldByAll(rank);
            foundation.close();
            assertEquals(before, after, "memory held after call " + failing + " of opening had failed, and before the"
                    + " host closes the peer group");
        }
    }

    private Map<String, Long> held() {
        Map<String, Long> held = new TreeMap<>(kit.device().allocatedBytes());
        held.values().removeIf(bytes -> bytes == 0);
        return held;
    }

    /** The memory in use while no rank opens or closes anything. */
    private Map<String, Long> heldByAll(RankContext rank) {
        rank.rendezvous().exchange(rank.world(), "contract: all are here", new byte[0]);
        Map<String, Long> held = held();
        rank.rendezvous().exchange(rank.world(), "contract: all have looked", new byte[0]);
        return held;
    }

    /**
     * The backend itself frees everything that it opened: memory, peer memory, kernels and streams, before the host closes the peer group,
     * which would also free what
     * the backend forgot. It can be opened again, and works again.
     */
    void closingReleasesEverything() {
        CommExchange exchange = new CommExchange(shape, DType.F32);
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            Map<String, Long> before = held();
            Map<String, Long> foundations = foundationsAlone(team, before);
            for (int time = 0; time < 2; time++) {
                List<Map<String, Long>> left = team.run(rank -> closedByItself(rank, exchange, before));
                for (Map<String, Long> ofRank : left) {
                    assertEquals(foundations, ofRank,
                            "memory held by purpose after the backend was closed, and before the"
                                    + " host closes the peer group and the collectives, which would hide what was left in them");
                }
            }
            assertEquals(before, held(), "memory held after closing");
        }
    }

    /** Closing again does nothing, so that one rank can do it alone. */
    private static void oneClosesAgain(RankContext rank, CommRank backend) {
        rank.rendezvous().exchange(rank.world(), "contract: all have closed", new byte[0]);
        if (rank.rank() == 0) {
            backend.backend().close();
        }
        assertDoesNotThrow(
                () -> rank.rendezvous().exchange(rank.world(), "contract: one has closed again", new byte[0]),
                "one rank closed its backend again, and the other ranks' next call failed: a second close does nothing, and does not wait for other ranks");
    }

    private Map<String, Long> closedByItself(RankContext rank, CommExchange exchange, Map<String, Long> before) {
        Opened opened = new Opened();
        CommRank backend = CommRank.open(kit, shape.config(DType.F32), rank, opened::watch);
        exchange.on(backend);
        backend.values().close();
        backend.backend().close();
        oneClosesAgain(rank, backend);
        Map<String, Long> left = more(heldByAll(rank), before);
        rank.rendezvous().exchange(rank.world(), "contract: compared", new byte[0]);
        backend.close();
        opened.check(rank.device());
        return left;
    }

    /** The memory that peer groups and collectives use while no backend is open. */
    private Map<String, Long> foundationsAlone(RankTeam team, Map<String, Long> before) {
        return team.run(rank -> {
            try (CommRank.Foundation foundation = CommRank.Foundation.open(kit, rank, rank.world())) {
                return more(heldByAll(rank), before);
            }
        }).getFirst();
    }

    private static Map<String, Long> more(Map<String, Long> held, Map<String, Long> before) {
        Map<String, Long> more = new TreeMap<>();
        held.forEach((purpose, bytes) -> more.put(purpose, bytes - before.getOrDefault(purpose, 0L)));
        more.values().removeIf(bytes -> bytes == 0);
        return more;
    }

    /**
     * Closing waits for launched work. Tested on the CPU, where a kernel can wait for the host: the exchange is queued after a gate, which is
     * opened only while
     * the backend is being closed.
     */
    void closingWaits() {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            team.run(rank -> {
                CountDownLatch gate = new CountDownLatch(1);
                CommRank backend = CommRank.open(kit, shape.config(DType.F32), rank, rank.world());
                CommCapture.Buffers buffers = CommCapture.Buffers.of(backend, shape, DType.F32);
                rank.stream().synchronize();
                KernelModule kernels = rank.device().load(KernelSource.cpu("contract gate", Map.of("wait",
                        launch -> launch.await(() -> gate.getCount() == 0, () -> "the contract's gate"))));
                try (ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor()) {
                    ScheduledFuture<?> opening = later.schedule(gate::countDown, 100, TimeUnit.MILLISECONDS);
                    rank.stream().launch(Launch.of(kernels.kernel("wait")));
                    CommCapture.step(backend, buffers);
                    backend.closeBackend();
                    long left = gate.getCount();
                    opening.get();
                    rank.stream().synchronize();
                    kernels.close();
                    backend.close();
                    assertEquals(0, left, "close() returned while work that was launched before had not begun: it waits"
                            + " for its work, because peers may still read what the caller frees next");
                }
                return true;
            });
        }
    }

    /** After a rank has failed in the middle of an exchange, closing throws nothing, and everything is given back. */
    void closingAfterAFailureReleasesEverything() {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            Map<String, Long> before = held();
            List<RankTeam.Outcome<Boolean>> outcomes = team.attempt(context -> CommRank.with(kit,
                    shape.config(DType.F32), context, context.world(), rank -> {
                        try (Scope step = rank.memory().openStep()) {
                            if (rank.index() == shape.ranks() - 1) {
                                throw new IllegalArgumentException("injected");
                            }
                            rank.backend().plan(rank.values().of(shape.ids()[rank.index()], shape.tokens(),
                                    shape.topK()));
                            rank.stream().synchronize();
                        }
                    }));
            for (RankTeam.Outcome<Boolean> outcome : outcomes) {
                Throwable error = outcome.error().orElseThrow(() -> new AssertionError("a rank went on alone"));
                assertEquals(List.of(), List.of(error.getSuppressed()), "what closing threw after a rank had failed");
            }
            assertEquals(before, held(), "memory held after a rank had failed and all had closed");
        }
    }

    /** Without the collectives that it needs, and with a number of experts that cannot be divided, it refuses to open with a clear message. */
    void refusesWhatItCannotDo() {
        try (RankTeam team = RankTeam.open(kit.device(), 2, 1 << 20)) {
            team.run(rank -> {
                refused(rank, CommConfig.of(4, 8, 7, 2, DType.F32), "7");
                CommRequirements needs = kit.provider().requirements();
                if (needs.worstCaseOnly()) {
                    new CommClaims(kit, shape).refusesOtherCapacities(rank);
                }
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

    /** Groups that are parts of the world and are used at the same time do not affect each other. */
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

    /** How the world is divided into groups. */
    @FunctionalInterface
    interface Division {
        Group groupOf(RankContext rank);
    }
}
