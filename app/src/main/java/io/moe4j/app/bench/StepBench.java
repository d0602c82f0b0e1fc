package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.TrainingSession;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Times forward and backward of a model as in a training step, on random tokens: no data is read, nothing is updated. A time is the time
 * between two moments at which all ranks are idle. With a capture, each run is one step that the host launches kernel by kernel, and one that it
 * replays as a graph, so that both are timed under the same conditions.
 */
@Stability(Stability.Level.EVOLVING)
public final class StepBench {
    static final String EAGER = "step_eager";
    static final String CAPTURED = "step_captured";

    private StepBench() {}

    /** Runs over all ranks. */
    public static BenchReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        BenchSetup setup = BenchSetup.of(config, registry, options);
        MachineRates rates;
        try (BenchDevices devices = setup.openDevices()) {
            rates = MachineRates.together(setup.ratesOfEach(devices.all()));
        }
        options.progress().now("opening the model", 0, 0);
        try (TrainingSession session = TrainingSession.open(config, setup.spec(), registry,
                RankLaunch.threads(config))) {
            Map<String, Samples> samples = session.onRanks(rank -> time(rank, session, setup)).getFirst();
            List<BenchPart.Timed> parts = new ArrayList<>();
            samples.forEach((name, taken) -> parts.add(new BenchPart.Timed(part(name, setup), taken)));
            return BenchReport.of("step", setup, session.devices().values(), rates, parts)
                    .with(summary(setup, parts.getLast())).with(kept(session));
        }
    }

    /** The part's figures: the model's operations without recompute; each parameter is read once, and each gradient written once. */
    private static BenchPart part(String name, BenchSetup setup) {
        TrainerConfig config = setup.config();
        ModelFigures figures = ConfiguredModel.figures(config, setup.spec());
        int bytes = config.training().dtype().bytes() + config.training().gradientDtype().bytes();
        return new BenchPart(name, (double) figures.parameters() * bytes,
                figures.flopsPerToken() * config.tokensPerStep());
    }

    /** Figures of the step as it is configured. */
    private static Map<String, Object> summary(BenchSetup setup, BenchPart.Timed step) {
        TrainerConfig config = setup.config();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("ranks", config.ranks());
        facts.put("local_batch_size", config.training().localBatchSize());
        facts.put("seq_len", config.training().seqLen());
        facts.put("recompute", config.activationCheckpoint().mode());
        facts.put("tokens", config.tokensPerStep());
        facts.put("tokens_per_second", config.tokensPerStep() / step.samples().median());
        facts.put("median_s", step.samples().median());
        facts.put("all_s", step.samples().seconds());
        return facts;
    }

    /** What the recompute policy {@code budget} keeps, and whether communication overlaps computation. */
    private static Map<String, Object> kept(TrainingSession session) {
        return session.recomputePlan().<Map<String, Object>>map(plan -> Map.of("kept_bytes", plan.keptBytes(),
                "converted_bytes", plan.parameters().converted(),
                "gathered_bytes", plan.parameters().gathered(),
                "repeated_share", plan.repeatedShare(), "overlap", session.overlapping().isOn())).orElse(Map.of());
    }

    private static Map<String, Samples> time(RankSession rank, TrainingSession session, BenchSetup setup) {
        TrainerConfig config = setup.config();
        RankContext context = rank.context();
        long tokens = config.training().localTokens();
        Optional<GraphCapture> capture = session.providers().capture()
                .map(provider -> Opening.of(provider, () -> provider.open(context)));
        try (Memory memory = context.device().allocate((2 * tokens + 1) * Integer.BYTES, "step inputs")) {
            Tensor ids = Tensor.of(memory, 0, DType.I32, tokens);
            Tensor labels = Tensor.of(memory, tokens * Integer.BYTES, DType.I32, tokens);
            Tensor loss = Tensor.of(memory, 2 * tokens * Integer.BYTES, DType.F32, 1);
            Random random = new Random(config.training().seed() + context.rank());
            int vocabulary = Math.toIntExact(setup.spec().vocabulary());
            draw(context, random, vocabulary, ids);
            draw(context, random, vocabulary, labels);
            // As before a training step: otherwise the capture would record the conversion, and each replay would repeat it.
            rank.step().refreshConverted();
            Runnable step = () -> enqueue(rank, ids, labels, (float) (1.0 / config.tokensPerStep()), loss);
            Map<String, Runnable> steps = new LinkedHashMap<>(Map.of(EAGER, step));
            capture.ifPresent(open -> {
                CapturedGraph graph = open.capture(context.stream(), step);
                steps.put(CAPTURED, () -> graph.replay(context.stream()));
            });
            meet(context);
            return samples(context, steps, setup.options());
        } finally {
            capture.ifPresent(GraphCapture::close);
        }
    }

    private static void draw(RankContext context, Random random, int vocabulary, Tensor into) {
        int[] values = random.ints(into.elements(), 0, vocabulary).toArray();
        context.stream().upload(MemorySegment.ofArray(values), into);
    }

    private static void enqueue(RankSession rank, Tensor ids, Tensor labels, float scale, Tensor loss) {
        try (Scope step = rank.context().memory().openStep()) {
            rank.context().stream().fill(loss, 0);
            rank.comm().ifPresent(CommBackend::resetStatistics);
            rank.model().forwardBackward(ids, labels, scale, loss);
        }
    }

    private static Map<String, Samples> samples(RankContext context, Map<String, Runnable> steps,
            BenchOptions options) {
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        for (int i = 0; i < options.runs(); i++) {
            options.ran(context.world().rank(), i);
            boolean timed = i >= options.warmup();
            steps.forEach((name, step) -> {
                double taken = seconds(context, step);
                if (timed) {
                    seconds.computeIfAbsent(name, first -> new ArrayList<>()).add(taken);
                }
            });
        }
        Map<String, Samples> samples = new LinkedHashMap<>();
        seconds.forEach((name, all) -> samples.put(name, new Samples(all)));
        return samples;
    }

    private static double seconds(RankContext context, Runnable step) {
        meet(context);
        long start = System.nanoTime();
        step.run();
        context.stream().synchronize();
        meet(context);
        return (System.nanoTime() - start) / 1e9;
    }

    private static void meet(RankContext context) {
        if (context.world().size() > 1) {
            context.rendezvous().exchange(context.world(), "benchmark", new byte[0]);
        }
    }
}
