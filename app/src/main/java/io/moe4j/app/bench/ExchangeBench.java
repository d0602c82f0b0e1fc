package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Times one rank's work in the exchange of a layer, each call by itself. All ranks have their buffers on their devices, and all ranks make one
 * round of calls together; then the first rank repeats the calls alone, without their barriers, while the others are idle. Both dispatches are also timed
 * with {@code moe.dedup} off and on, each with buffers of its own. Where rows may need several rounds, the first round is timed.
 */
@Stability(Stability.Level.EVOLVING)
public final class ExchangeBench {
    private static final int TIMED_RANK = 0;

    private ExchangeBench() {}

    /** Runs over all ranks as one expert-parallel group. */
    public static BenchReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        BenchSetup setup = BenchSetup.ofParts(config, registry, options);
        setup.moe();
        CommBackendProvider comm = setup.providers().comm().orElseThrow();
        CommRequirements needs = ExchangeNeeds.of(comm);
        if (!needs.needsPeerMemory() || needs.needsCollectives() || needs.synchronisesWithHost()) {
            throw new InputException("model.moe_comm_backend " + comm.id() + " cannot be timed on one rank alone: only"
                    + " a backend on peer memory, without collectives and without waiting on the host, works while"
                    + " its peers are idle; choose one, or time all ranks together with bench moe");
        }
        try (BenchDevices devices = setup.openDevices()) {
            MachineRates rates = setup.ratesOfEach(devices.all()).getFirst();
            List<BenchPart.Timed> times = BenchRanks.run(devices.ofRanks(), setup.exchangeStackBytes(),
                    rank -> time(rank, setup, comm)).get(TIMED_RANK);
            return BenchReport.of("exchange", setup, devices.all(), rates, times).with(setup.moeShape());
        }
    }

    private static List<BenchPart.Timed> time(RankContext rank, BenchSetup setup, CommBackendProvider provider) {
        List<BenchPart.Timed> times = new ArrayList<>(time(rank, setup, provider, Optional.empty()));
        if (provider.sendsRowsOnce() && rank.world().size() > 1) {
            times.addAll(time(rank, setup.withDedup(Dedup.OFF), provider, Optional.of(MoeFigures.EACH_COPY)));
            times.addAll(time(rank, setup.withDedup(Dedup.ON), provider, Optional.of(MoeFigures.ONCE)));
        }
        return times;
    }

    /** @param mode appended to the names of the parts, which are then only those that {@code moe.dedup} changes; if absent, all parts */
    private static List<BenchPart.Timed> time(RankContext rank, BenchSetup setup, CommBackendProvider provider,
            Optional<String> mode) {
        try (QuietPeers peers = new QuietPeers(rank.device().openPeerGroup(rank.world(), rank.rendezvous()));
                CommBackend comm = BenchSetup.open(provider, setup.comm(),
                        new CommContext(rank, rank.world(), Optional.of(peers), Optional.empty()));
                BenchTensors tensors = new BenchTensors(rank)) {
            ExchangeRank exchange = new ExchangeRank(rank, comm, tensors, setup);
            try (Scope step = exchange.openStep()) {
                exchanges(exchange, mode).forEach(work -> work.call().run());
            }
            rank.stream().synchronize();
            meet(rank, "exchange, all together");
            List<BenchPart.Timed> times = new ArrayList<>();
            if (rank.rank() == TIMED_RANK) {
                peers.leaveBarriersOut();
                if (mode.isEmpty()) {
                    times.addAll(setup.time(rank, List.of(exchange.planning())));
                }
                try (Scope step = exchange.openStep()) {
                    times.addAll(setup.time(rank, exchanges(exchange, mode)));
                }
            }
            meet(rank, "exchange, one alone");
            return times;
        }
    }

    private static List<BenchPart.Work> exchanges(ExchangeRank exchange, Optional<String> mode) {
        return mode.map(exchange::dispatches).orElseGet(exchange::exchanges);
    }

    private static void meet(RankContext rank, String where) {
        rank.rendezvous().exchange(rank.world(), where, new byte[0]);
    }
}
