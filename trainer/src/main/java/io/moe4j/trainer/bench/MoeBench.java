package io.moe4j.trainer.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import io.moe4j.trainer.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.session.Providers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Times one mixture-of-experts layer of a model by part, over all ranks as one expert-parallel group. A part's time is that of the slowest rank, from a
 * barrier on; all ranks share the device, so bytes and operations are those of all of them.
 */
@Stability(Stability.Level.EVOLVING)
public final class MoeBench {
    private final TrainerConfig config;
    private final MoeSpec moe;
    private final Providers providers;
    private final BenchOptions options;

    private MoeBench(TrainerConfig config, MoeSpec moe, Providers providers, BenchOptions options) {
        this.config = config;
        this.moe = moe;
        this.providers = providers;
        this.options = options;
    }

    /** Opens the device, the exchange and the expert kernels that {@code config} names, and times them. */
    public static MoeReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        ModelSpec spec = Trainer.spec(config, registry);
        MoeSpec moe = spec.moe().orElseThrow(() -> new InputException(spec.name() + " has no experts to time; choose a"
                + " flavor that has some"));
        return new MoeBench(config, moe, Providers.choose(config, spec, registry), options).measure();
    }

    private MoeReport measure() {
        DType dtype = config.training().dtype();
        try (Device device = providers.device().open(deviceConfig())) {
            MachineRates rates = BenchRanks.run(device, 1, 1 << 20,
                    rank -> MachineRates.measure(rank.device(), rank.stream(), dtype)).getFirst();
            List<List<Map<String, Double>>> byRank = BenchRanks.run(device, config.ranks(), stackBytes(dtype),
                    this::onRank);
            List<MoePart> parts = MoeParts.of(moe, config.tokensPerStep(), dtype);
            Map<MoePart, Samples> samples = new LinkedHashMap<>();
            parts.forEach(part -> samples.put(part, slowest(byRank, part.name())));
            return new MoeReport(config, moe, device.description(), device.config().threads(), rates, samples);
        }
    }

    private DeviceConfig deviceConfig() {
        DeviceConfig all = DeviceConfig.defaults();
        int threads = config.runtime().threads();
        return all.withThreads(threads == 0 ? all.threads() : threads).withTimeout(config.runtime().timeout());
    }

    /** Plans and their scratch, and rows for backends that keep them there. */
    private long stackBytes(DType dtype) {
        CommConfig comm = comm(dtype);
        long rows = comm.capacityRows(config.ranks()) + comm.routedRows();
        boolean keepsRows = !providers.comm().orElseThrow().requirements().needsFullRecompute();
        return (16L << 20) + 64 * comm.routedRows() + 64L * moe.experts() * (config.ranks() + 8)
                + (keepsRows ? 4 * rows * (moe.dim() * dtype.bytes() + 64) : 0);
    }

    private CommConfig comm(DType dtype) {
        return CommConfig.of(config.training().localTokens(), moe.dim(), moe.experts(), moe.topK(), dtype)
                .withCapacity(config.moe().receiveCapacity(), config.moe().onOverflow());
    }

    private List<Map<String, Double>> onRank(RankContext rank) {
        DType dtype = config.training().dtype();
        CommRequirements needs = providers.comm().orElseThrow().requirements();
        long tokens = config.training().localTokens();
        int[] ids = config.moe().forceLoadBalance()
                ? BenchValues.roundRobin(tokens, moe.topK(), moe.experts())
                : BenchValues.ids(tokens, moe.topK(), moe.experts(), config.training().seed() + rank.rank());
        Optional<Collectives> collectives = needs.needsCollectives()
                ? Optional.of(providers.collectives().open(rank.world(), rank))
                : Optional.empty();
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                CommBackend comm = providers.comm().orElseThrow().open(comm(dtype),
                        new CommContext(rank, rank.world(), Optional.of(peers), collectives));
                ExpertKernels kernels = providers.kernels().orElseThrow().open(rank);
                MoeRank layer = new MoeRank(rank, peers, comm, kernels, moe, tokens, dtype, ids)) {
            layer.countRows();
            List<Map<String, Double>> seconds = new ArrayList<>();
            for (int i = 0; i < options.warmup() + options.iterations(); i++) {
                Map<String, Double> once = layer.run();
                if (i >= options.warmup()) {
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
        for (int i = 0; i < options.iterations(); i++) {
            int iteration = i;
            seconds.add(byRank.stream().mapToDouble(rank -> rank.get(iteration).getOrDefault(part, Double.NaN)).max()
                    .orElseThrow());
        }
        return new Samples(seconds);
    }
}
