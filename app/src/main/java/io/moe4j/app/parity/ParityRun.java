package io.moe4j.app.parity;

import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankSession;
import io.moe4j.trainer.step.Batch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** One comparison with the golden file's parameters and batch: first the logits, then the training run. */
final class ParityRun {
    private static final double LOGITS = 1e-4;
    private static final double GRADIENTS = 1e-3;
    private static final double CURVES = 1e-3;
    private static final double TRAINED = 1e-3;

    private final Golden golden;
    private final TrainerConfig config;
    private final ModelSpec spec;
    private final Registry registry;

    private final Comparison logits = Comparison.relative("logits", LOGITS);
    private final Comparison loss = Comparison.relative("loss", LOGITS);
    private final Comparison gradients = Comparison.ofGradients("gradients", GRADIENTS);
    private final Comparison tokens = Comparison.relative("tokens per expert", 0);
    private final Comparison losses = Comparison.relative("loss curve", CURVES);
    private final Comparison predicted = Comparison.relative("multi-token losses", CURVES);
    private final Comparison norms = Comparison.relative("gradient norm curve", CURVES);
    private final Comparison biases = Comparison.relative("final expert biases", TRAINED);
    private final Comparison trained = Comparison.norms("final parameters (L2)", TRAINED);

    ParityRun(Golden golden, TrainerConfig config, ModelSpec spec, Registry registry) {
        this.golden = golden;
        this.config = config;
        this.spec = spec;
        this.registry = registry;
    }

    ParityReport run() {
        RunOptions options = RunOptions.threads(config).withData((rank, read) -> () -> batch(rank));
        try (TrainingRun run = Trainer.open(config, spec, registry, options)) {
            requireNames(run);
            onRanks(run, (values, rank) -> {
                values.load();
                compareLogits(rank);
            });
            train(run);
        }
        requireWhole(Golden.GRADIENT, gradients);
        requireWhole(Golden.TRAINED, trained);
        return new ParityReport(Stream.of(logits, loss, gradients, tokens, losses, predicted, norms, biases, trained)
                .map(Comparison::line).flatMap(Optional::stream).toList());
    }

    private void train(TrainingRun run) {
        float[] expectedLosses = golden.floats(Golden.LOSS_CURVE);
        float[] expectedNorms = golden.floats(Golden.NORM_CURVE);
        for (int step = 0; step < golden.steps(); step++) {
            StepResult result = run.step();
            losses.of("step " + (step + 1)).add(result.loss(), expectedLosses[step]);
            norms.of("step " + (step + 1)).add(result.gradientNorm(), expectedNorms[step]);
            comparePredicted(step, result);
            if (step == 0) {
                loss.of("loss").add(result.loss(), golden.floats("loss")[0]);
                onRanks(run,
                        (values, rank) -> values.compare(Golden.GRADIENT, ParameterUnit::gradientShard, gradients));
                compareTokens(run);
            }
        }
        onRanks(run, (values, rank) -> {
            values.compare(Golden.TRAINED, ParameterUnit::shard, trained);
            values.compareBiases(biases);
        });
    }

    private void comparePredicted(int step, StepResult result) {
        int modules = result.predictionLosses().size();
        if (golden.has(Golden.PREDICTED)) {
            golden.requireShape(Golden.PREDICTED, List.of((long) golden.steps(), (long) modules));
            float[] expected = golden.floats(Golden.PREDICTED, (long) step * modules, modules);
            for (int k = 0; k < modules; k++) {
                predicted.of("step " + (step + 1) + ", module " + (k + 1)).add(result.predictionLosses().get(k),
                        expected[k]);
            }
        }
    }

    private Batch batch(int rank) {
        int sequences = config.training().localBatchSize();
        return new Batch(golden.tokens("input_ids", rank * sequences, sequences, spec.vocabulary()),
                golden.tokens("labels", rank * sequences, sequences, spec.vocabulary()));
    }

    private void compareLogits(RankSession rank) {
        Batch batch = batch(rank.context().rank());
        long vocabulary = spec.vocabulary();
        try (Memory ids = allocate(rank, DType.I32, batch.tokens());
                Memory out = allocate(rank, DType.F32, batch.tokens() * vocabulary)) {
            Tensor ids_T = Tensor.of(ids, 0, DType.I32, batch.tokens());
            Tensor logits_TV = Tensor.of(out, 0, DType.F32, batch.tokens(), vocabulary);
            rank.context().stream().upload(MemorySegment.ofArray(batch.ids_T()), ids_T);
            try (Scope step = rank.context().memory().openStep()) {
                rank.model().logits(ids_T, logits_TV);
            }
            float[] values = new float[Math.toIntExact(logits_TV.elements())];
            rank.context().stream().download(logits_TV, MemorySegment.ofArray(values));
            logits.of("logits").add(values, 0,
                    golden.floats("logits", (long) rank.context().rank() * values.length, values.length));
        }
    }

    private static Memory allocate(RankSession rank, DType dtype, long elements) {
        return rank.context().device().allocate(Tensor.bytes(dtype, elements), "comparison");
    }

    /** A rank has the counts of its expert-parallel group: the first ranks of all groups together have all counts. */
    private void compareTokens(TrainingRun run) {
        List<String> layers = golden.names(Golden.TOKENS);
        List<List<int[]>> counts = run.session().onRanks(rank -> rank.groups().expertParallel().index() == 0
                ? layers.stream().map(layer -> tokens(rank, Integer.parseInt(layer))).toList()
                : List.of());
        for (int i = 0; i < layers.size(); i++) {
            long[] expected = golden.integers(Golden.TOKENS + layers.get(i));
            for (int expert = 0; expert < expected.length; expert++) {
                long sum = 0;
                for (List<int[]> ofRank : counts) {
                    sum += ofRank.isEmpty() ? 0 : ofRank.get(i)[expert];
                }
                tokens.of("layer " + layers.get(i)).add(sum, expected[expert]);
            }
        }
    }

    private int[] tokens(RankSession rank, int layer) {
        Tensor tokens_E = rank.model().tokensPerExpert().get(layer);
        if (tokens_E == null) {
            throw golden.refusal(Golden.TOKENS + layer + " is of a layer without experts");
        }
        golden.requireShape(Golden.TOKENS + layer, tokens_E.shape());
        int[] counts = new int[Math.toIntExact(tokens_E.elements())];
        rank.context().stream().download(tokens_E, MemorySegment.ofArray(counts));
        return counts;
    }

    /**
     * Checks that the golden file and the model have the same parameters. A golden file without experts' biases
     * is of a model class that has none: the biases stay zero, if training does not move them.
     */
    private void requireNames(TrainingRun run) {
        Set<String> known = ConcurrentHashMap.newKeySet();
        Set<String> biasNames = ConcurrentHashMap.newKeySet();
        run.session().onRanks(rank -> {
            Model model = rank.model();
            biasNames.addAll(model.buffers().keySet());
            return known.addAll(model.checkpointNames().keySet());
        });
        Set<String> given = new HashSet<>(golden.names(Golden.PARAMETER));
        if (biasNames.stream().anyMatch(given::contains) || config.moe().loadBalanceCoeff() != 0) {
            known.addAll(biasNames);
        }
        List<String> problems = new ArrayList<>();
        known.stream().filter(name -> !given.contains(name)).sorted()
                .forEach(name -> problems.add("it lacks " + Golden.PARAMETER + name));
        given.stream().filter(name -> !known.contains(name)).sorted()
                .forEach(name -> problems.add(Golden.PARAMETER + name + " is not of this model"));
        if (!problems.isEmpty()) {
            throw golden.refusal(String.join("; ", problems));
        }
    }

    /** Checks that all elements were compared: otherwise some rank's part was forgotten. */
    private void requireWhole(String prefix, Comparison comparison) {
        for (String name : golden.names(prefix)) {
            long elements = golden.shape(prefix + name).stream().reduce(1L, Math::multiplyExact);
            if (comparison.of(name).count() != elements) {
                throw golden.refusal(prefix + name + " has " + elements + " elements, of which "
                        + comparison.of(name).count() + " were found in the model");
            }
        }
    }

    private void onRanks(TrainingRun run, RankValues work) {
        run.session().onRanks(rank -> {
            work.run(new CheckpointValues(golden, rank), rank);
            return rank;
        });
    }

    @FunctionalInterface
    private interface RankValues {
        void run(CheckpointValues values, RankSession rank);
    }
}
