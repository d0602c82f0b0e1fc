package io.moe4j.trainer.bench;

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
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.session.Launch;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.session.TrainingSession;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Times forward and backward of a model as a step makes them, on tokens drawn at random: no data is read, nothing is updated. A time is what passes
 * between two moments at which all ranks have nothing under way.
 */
@Stability(Stability.Level.EVOLVING)
public final class StepBench {

    private StepBench() {}

    /** Opens what {@code config} says, and times it. */
    public static StepReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        ModelSpec spec = Trainer.spec(config, registry);
        try (TrainingSession session = TrainingSession.open(config, spec, registry,
                Launch.threads(config.ranks(), config.runtime().timeout()))) {
            Samples samples = session.onRanks(rank -> time(rank, session, config, spec, options)).getFirst();
            double flops = spec.figures(config.training().seqLen()).flopsPerToken() * config.tokensPerStep();
            return new StepReport(config, session.device().description(), session.device().config().threads(),
                    samples, flops);
        }
    }

    private static Samples time(RankSession rank, TrainingSession session, TrainerConfig config, ModelSpec spec,
            BenchOptions options) {
        RankContext context = rank.context();
        long tokens = config.training().localTokens();
        Optional<GraphCapture> capture = session.providers().capture().map(provider -> provider.open(context));
        try (Memory memory = context.device().allocate((2 * tokens + 1) * Integer.BYTES, "step inputs")) {
            Tensor ids = Tensor.of(memory, 0, DType.I32, tokens);
            Tensor labels = Tensor.of(memory, tokens * Integer.BYTES, DType.I32, tokens);
            Tensor loss = Tensor.of(memory, 2 * tokens * Integer.BYTES, DType.F32, 1);
            Random random = new Random(config.training().seed() + context.rank());
            int vocabulary = Math.toIntExact(spec.vocabulary());
            draw(context, random, vocabulary, ids);
            draw(context, random, vocabulary, labels);
            Runnable step = () -> enqueue(rank, ids, labels, (float) (1.0 / config.tokensPerStep()), loss);
            Optional<CapturedGraph> graph = capture.map(open -> open.capture(context.stream(), step));
            meet(context);
            return samples(context, graph.<Runnable>map(g -> () -> g.replay(context.stream())).orElse(step), options);
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

    private static Samples samples(RankContext context, Runnable step, BenchOptions options) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < options.warmup() + options.iterations(); i++) {
            meet(context);
            long start = System.nanoTime();
            step.run();
            context.stream().synchronize();
            meet(context);
            if (i >= options.warmup()) {
                seconds.add((System.nanoTime() - start) / 1e9);
            }
        }
        return new Samples(seconds);
    }

    private static void meet(RankContext context) {
        if (context.world().size() > 1) {
            context.rendezvous().exchange(context.world(), "benchmark", new byte[0]);
        }
    }
}
