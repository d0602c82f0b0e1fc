package io.moe4j.app.bench;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import io.moe4j.api.InputException;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.ExchangeNeeds;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RankShapes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The inputs of a benchmark, before it opens devices.
 *
 * @param config shapes and types
 * @param spec the model
 * @param providers the plug-ins
 * @param options how often each part is timed
 */
record BenchSetup(TrainerConfig config, ModelSpec spec, Providers providers, BenchOptions options) {
    /** Bytes of stack memory for ranks that allocate nothing there. */
    static final long SMALL_STACK = 1 << 20;
    private static final int MOST_RUNS_OF_RATES = 10;

    static BenchSetup of(TrainerConfig config, Registry registry, BenchOptions options) {
        ModelSpec spec = Trainer.spec(config, registry);
        return new BenchSetup(config, spec, Providers.choose(config, spec, registry), options);
    }

    /** For a benchmark of parts of a layer, which times them with operands and rows of {@code training.dtype}. */
    static BenchSetup ofParts(TrainerConfig config, Registry registry, BenchOptions options) {
        DType products = config.training().expertProducts();
        DType rows = config.dispatchedRows();
        if (products.isScaled() || rows.isScaled()) {
            throw new InputException("training.expert_dtype = \"float8\""
                    + (rows.isScaled() ? ", moe.dispatch_dtype = \"float8\"" : "")
                    + ": this benchmark times operands and rows of training.dtype only; set them to auto, or time"
                    + " whole steps with bench step");
        }
        return of(config, registry, options);
    }

    DType dtype() {
        return config.training().dtype();
    }

    /** The mixture of experts of one layer, over all ranks as one expert-parallel group. */
    MoeSpec moe() {
        MoeSpec moe = spec.moe().orElseThrow(() -> new InputException(spec.name() + " has no experts to time; choose a"
                + " flavor that has some"));
        if (moe.experts() % config.ranks() != 0) {
            throw new InputException(config.ranks() + " ranks, which are one expert-parallel group here, do not divide"
                    + " the " + moe.experts() + " experts of " + spec.name() + "; set ranks to a divisor");
        }
        return moe;
    }

    /** The exchange of one layer. */
    CommConfig comm() {
        moe();
        return RankShapes.exchange(config, spec, providers);
    }

    /** The exchange with another choice of {@code moe.dedup}. */
    BenchSetup withDedup(Dedup dedup) {
        return new BenchSetup(config.withMoe(config.moe().withDedup(dedup)), spec, providers, options);
    }

    /** The experts of a rank's tokens: (T, K) ids, the same in each run. */
    int[] ids(int rank) {
        MoeSpec moe = moe();
        long tokens = config.training().localTokens();
        return config.moe().forceLoadBalance()
                ? BenchValues.roundRobin(tokens, moe.topK(), moe.experts())
                : BenchValues.ids(tokens, moe.topK(), moe.experts(), config.training().seed() + rank);
    }

    /** N rows spread evenly over one rank's {@code local} experts, as inclusive running sums. */
    int[] offsets(int local) {
        int[] offsets = new int[local];
        Random random = new Random(config.training().seed());
        for (long row = 0; row < comm().routedRows(); row++) {
            offsets[config.moe().forceLoadBalance() ? (int) (row % local) : random.nextInt(local)]++;
        }
        Arrays.parallelPrefix(offsets, Integer::sum);
        return offsets;
    }

    /** Memory for a rank's plans and their temporaries, and for rows in backends that keep rows there. */
    long exchangeStackBytes() {
        return exchangeStackBytes(comm());
    }

    /** The same for another exchange. */
    long exchangeStackBytes(CommConfig comm) {
        long rows = comm.capacityRows(config.ranks()) + comm.routedRows();
        boolean keepsRows = !ExchangeNeeds.of(providers.comm().orElseThrow())
                .needsFullRecompute();
        return (16L << 20) + 64 * comm.routedRows() + 64L * comm.experts() * (config.ranks() + 8)
                + (keepsRows ? 4 * rows * (comm.dim() * dtype().bytes() + 64) : 0);
    }

    /** The extents that a peer's measurement must share with a benchmark of a layer. */
    Map<String, Object> moeShape() {
        MoeSpec moe = moe();
        Map<String, Object> shape = new LinkedHashMap<>();
        shape.put("tokens_per_rank", config.training().localTokens());
        shape.put("top_k", moe.topK());
        shape.put("experts", moe.experts());
        shape.put("ranks", config.ranks());
        shape.put("dim", moe.dim());
        shape.put("expert_hidden", moe.expertHidden());
        shape.put("capacity_rows", comm().capacityRows(config.ranks()));
        shape.put("max_rounds", comm().maxRounds(config.ranks()));
        return shape;
    }

    /** Opens the first device, for benchmarks of one rank. */
    Device openDevice() {
        return openDevice(0);
    }

    /** Opens all devices that the configuration asks for, with its ranks spread over them. */
    BenchDevices openDevices() {
        return BenchDevices.open(config, this::openDevice);
    }

    private Device openDevice(int ordinal) {
        DeviceConfig all = DeviceConfig.defaults();
        int threads = config.runtime().threads();
        return Opening.of(providers.device(),
                () -> providers.device().open(all.withThreads(threads == 0 ? all.threads() : threads)
                        .withTimeout(config.runtime().timeout()).withOrdinal(ordinal)));
    }

    /** Opens an exchange for one rank. */
    static CommBackend open(CommBackendProvider provider, CommConfig config, CommContext context) {
        return Opening.of(provider, () -> provider.open(config, context));
    }

    /** Opens the expert kernels for one rank. */
    static ExpertKernels openKernels(Providers providers, RankContext rank) {
        ExpertKernelsProvider provider = providers.kernels().orElseThrow();
        return Opening.of(provider, () -> provider.open(rank));
    }

    MachineRates rates(Device device) {
        return ratesOfEach(List.of(device)).getFirst();
    }

    /** The devices' best rates, from as many runs as a part has, but at most ten. */
    List<MachineRates> ratesOfEach(List<Device> devices) {
        options.progress().now("measuring how fast the device copies and multiplies", 0, 0);
        return MachineRates.ofEach(devices, dtype(), Math.min(MOST_RUNS_OF_RATES, options.iterations()));
    }

    /** Runs {@code work} on one rank while no other rank runs. */
    <T> T alone(Device device, BenchRanks.Work<T> work) {
        return BenchRanks.run(List.of(device), SMALL_STACK, work).getFirst();
    }

    /** Times each of {@code works} on the calling rank. */
    List<BenchPart.Timed> time(RankContext rank, List<BenchPart.Work> works) {
        try (Stopwatch watch = Stopwatch.open(rank, providers.capture(), options)) {
            List<BenchPart.Timed> timed = new ArrayList<>();
            for (BenchPart.Work work : works) {
                if (rank.world().rank() == 0) {
                    options.progress().now("parts", timed.size(), works.size());
                }
                timed.add(new BenchPart.Timed(work.part(), watch.time(work.call())));
            }
            return timed;
        }
    }
}
