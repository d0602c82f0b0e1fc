package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RankShapes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Times the routed experts of one layer, forward and backward, on all ranks together: with room for the worst case, and in rounds with the configured
 * capacity; under even routing, and where all tokens choose the first rank's experts.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RoundsBench {
    private static final String WORST = "_worst_case";
    private static final String ROUNDS = "_rounds";

    private RoundsBench() {}

    /** How tokens choose experts. */
    private enum Routing {
        EVEN, ONE_RANK;

        String part() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * The result of one case on one rank.
     *
     * @param rounds how many rounds it needed
     */
    private record Measured(BenchPart.Timed time, long rounds) {}

    /** Runs over all ranks as one expert-parallel group. */
    public static BenchReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        BenchSetup setup = BenchSetup.ofParts(config, registry, options);
        setup.moe();
        requireRounds(setup);
        CommConfig configured = RankShapes.exchange(config, setup.spec(), setup.providers());
        CommConfig worst = configured.withCapacity(ReceiveCapacity.worstCase(), OverflowAction.FAIL);
        CommConfig rounds = configured.withCapacity(configured.capacity(), OverflowAction.ROUNDS);
        try (BenchDevices devices = setup.openDevices()) {
            MachineRates rates = MachineRates.together(setup.ratesOfEach(devices.all()));
            List<Measured> all = new ArrayList<>();
            for (Routing routing : Routing.values()) {
                all.add(measure(setup, devices, worst, routing, WORST));
                all.add(measure(setup, devices, rounds, routing, ROUNDS));
            }
            double even = median(all.get(1)) / median(all.get(0));
            double skewed = median(all.get(3)) / median(all.get(2));
            Map<String, Object> facts = new LinkedHashMap<>(setup.moeShape());
            facts.put("max_rounds", rounds.maxRounds(config.ranks()));
            facts.put("even_rounds", all.get(1).rounds());
            facts.put("even_ratio", even);
            facts.put("one_rank_rounds", all.get(3).rounds());
            facts.put("one_rank_ratio", skewed);
            facts.put("one_rank_seconds_of_a_round", median(all.get(3)) / all.get(3).rounds());
            return BenchReport.of("rounds", setup, devices.all(), rates, all.stream().map(Measured::time).toList())
                    .with(facts);
        }
    }

    /** Another backend would leave out the rows that do not fit, and seem to be fast. */
    private static void requireRounds(BenchSetup setup) {
        CommBackendProvider comm = setup.providers().comm().orElseThrow();
        DeviceKind kind = setup.providers().device().kind();
        if (!Asking.of(comm, "supportsRounds", each -> each.supportsRounds(kind))) {
            throw new InputException(
                    "model.moe_comm_backend " + comm.id() + " does not exchange rows in rounds on devices"
                            + " of kind " + kind + ", which is what is timed here; choose a backend that does, such as"
                            + " minimal_async_ep, or time its exchange with bench moe");
        }
    }

    private static double median(Measured measured) {
        return measured.time().samples().median();
    }

    /** Times one case. Ranks wait for each other in each exchange, so that the first rank's time is that of all. */
    private static Measured measure(BenchSetup setup, BenchDevices devices, CommConfig exchange, Routing routing,
            String how) {
        BenchPart layer = MoeFigures.of(setup.moe(), setup.config().tokensPerStep(), setup.moe().experts(),
                setup.dtype(), setup.config().training().gradientDtype()).over(setup.config().runtime().devices())
                .routed(routing.part() + how);
        return BenchRanks.run(devices.ofRanks(), setup.exchangeStackBytes(exchange),
                rank -> onRank(setup, exchange, layer, routing, rank)).getFirst();
    }

    private static Measured onRank(BenchSetup setup, CommConfig exchange, BenchPart layer, Routing routing,
            RankContext rank) {
        Providers providers = setup.providers();
        CommBackendProvider provider = providers.comm().orElseThrow();
        Optional<Collectives> collectives = ExchangeNeeds.of(provider)
                .needsCollectives()
                        ? Optional.of(Opening.of(providers.collectives(),
                                () -> providers.collectives().open(rank.world(), rank)))
                        : Optional.empty();
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                CommBackend comm = BenchSetup.open(provider, exchange,
                        new CommContext(rank, rank.world(), Optional.of(peers), collectives));
                ExpertKernels kernels = BenchSetup.openKernels(providers, rank);
                BenchTensors tensors = new BenchTensors(rank)) {
            int[] ids = routing == Routing.EVEN
                    ? BenchValues.roundRobin(exchange.tokens(), exchange.topK(), exchange.experts())
                    : BenchValues.firstExperts(exchange.tokens(), exchange.topK());
            RoundsRank experts = new RoundsRank(rank, comm, kernels, tensors, setup, ids);
            BenchPart.Timed time = setup.time(rank, List.of(layer.by(experts::forwardAndBackward))).getFirst();
            long rounds = experts.rounds();
            rank.rendezvous().exchange(rank.world(), "benchmark timed", new byte[0]);
            return new Measured(time, rounds);
        } finally {
            collectives.ifPresent(Collectives::close);
        }
    }
}
