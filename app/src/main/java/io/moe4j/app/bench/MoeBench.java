package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.session.Providers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Times each part of one mixture-of-experts layer, over all ranks as one expert-parallel group. A part begins after a barrier, and its time is that of the
 * slowest rank. Ranks may share devices: bytes and operations are those of all ranks, and rates those of all devices. Where rows may need several rounds, the
 * first round is timed.
 */
@Stability(Stability.Level.EVOLVING)
public final class MoeBench {
    private final BenchSetup setup;

    private MoeBench(BenchSetup setup) {
        this.setup = setup;
    }

    /** Runs over all ranks. */
    public static BenchReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        return new MoeBench(BenchSetup.ofParts(config, registry, options)).measure();
    }

    private BenchReport measure() {
        setup.moe();
        try (BenchDevices devices = setup.openDevices()) {
            MachineRates rates = MachineRates.together(setup.ratesOfEach(devices.all()));
            List<List<Map<String, Double>>> byRank = BenchRanks.run(devices.ofRanks(), setup.exchangeStackBytes(),
                    this::onRank);
            List<BenchPart.Timed> layer = parts().stream()
                    .map(part -> new BenchPart.Timed(part, slowest(byRank, part.name()))).toList();
            return BenchReport.of("moe", setup, devices.all(), rates, layer).with(setup.moeShape())
                    // The sum over all parts, which run one after the other.
                    .with(Map.of("median_s", layer.stream().mapToDouble(part -> part.samples().median()).sum()))
                    // Ratio of the smallest times, which have the least noise; 1 if padding costs nothing.
                    .with(Map.of("swiglu_padding_ratio", slowest(byRank, MoeRank.SWIGLU_AGAIN).min()
                            / slowest(byRank, MoeRank.SWIGLU_EXACT).min()));
        }
    }

    private List<BenchPart> parts() {
        return MoeFigures.of(setup.moe(), setup.config().tokensPerStep(), setup.moe().experts(), setup.dtype(),
                setup.config().training().gradientDtype()).over(setup.config().runtime().devices())
                .sending(RowsSentOnce.ofAll(setup)).layer();
    }

    private List<Map<String, Double>> onRank(RankContext rank) {
        Providers providers = setup.providers();
        Optional<Collectives> collectives = ExchangeNeeds.of(providers.comm().orElseThrow())
                .needsCollectives()
                        ? Optional.of(Opening.of(providers.collectives(),
                                () -> providers.collectives().open(rank.world(), rank)))
                        : Optional.empty();
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                CommBackend comm = BenchSetup.open(providers.comm().orElseThrow(), setup.comm(),
                        new CommContext(rank, rank.world(), Optional.of(peers), collectives));
                ExpertKernels kernels = BenchSetup.openKernels(providers, rank);
                BenchTensors tensors = new BenchTensors(rank)) {
            MoeRank layer = new MoeRank(rank, peers, comm, kernels, tensors, setup);
            layer.countRows();
            List<Map<String, Double>> seconds = new ArrayList<>();
            for (int i = 0; i < setup.options().runs(); i++) {
                setup.options().ran(rank.world().rank(), i);
                Map<String, Double> once = layer.run();
                if (i >= setup.options().warmup()) {
                    seconds.add(once);
                }
            }
            rank.rendezvous().exchange(rank.world(), "benchmark timed", new byte[0]);
            return seconds;
        } finally {
            collectives.ifPresent(Collectives::close);
        }
    }

    private Samples slowest(List<List<Map<String, Double>>> byRank, String part) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < setup.options().iterations(); i++) {
            int iteration = i;
            ToDoubleFunction<List<Map<String, Double>>> once = rank -> rank.get(iteration).getOrDefault(part,
                    Double.NaN);
            seconds.add(byRank.stream().mapToDouble(once).max().orElseThrow());
        }
        return new Samples(seconds);
    }
}
