package io.moe4j.app.bench;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Measures for how long saving a checkpoint of 2 GB holds up the steps of a run: if it is written while steps go on, and if steps wait. For comparison, it
 * times a copy of as many bytes from the device's memory to the host's.
 */
@Stability(Stability.Level.EVOLVING)
public final class CheckpointBench {
    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final String BESIDE = "held_up_beside_steps";
    private static final String WRITTEN = "written_beside_steps";
    private static final String WAITING = "held_up_waiting";
    private static final String COPY = "copy_of_the_same_bytes";

    private CheckpointBench() {}

    /** Runs over all ranks; checkpoints go to a temporary folder. */
    public static BenchReport run(TrainerConfig given, Registry registry, BenchOptions options) {
        TrainerConfig config = given
                .withCheckpoint(given.checkpoint().withEnable(true).withInterval(1).withKeepLatestK(1))
                .withTraining(given.training().withSteps(options.runs() + 1));
        BenchSetup setup = BenchSetup.of(config, registry, options);
        MachineRates rates;
        try (BenchDevices devices = setup.openDevices()) {
            rates = MachineRates.together(setup.ratesOfEach(devices.all()));
        }
        List<SaveResult> beside = saved(config, registry, options);
        List<SaveResult> waiting = saved(config.withCheckpoint(config.checkpoint().withBackground(false)), registry,
                options);
        long bytes = beside.getFirst().bytes();
        List<BenchPart.Timed> parts = new ArrayList<>();
        try (BenchDevices devices = setup.openDevices()) {
            parts.add(timed(COPY, bytes, copies(devices.all().iterator().next(), bytes, options)));
            parts.add(timed(BESIDE, bytes, beside.stream().map(SaveResult::heldSeconds).toList()));
            parts.add(timed(WRITTEN, bytes, beside.stream().map(SaveResult::writtenSeconds).toList()));
            parts.add(timed(WAITING, bytes, waiting.stream().map(SaveResult::heldSeconds).toList()));
            return BenchReport.of("checkpoint", setup, devices.all(), rates, parts)
                    .with(Map.of("flavor", "a model of " + model(config, registry).figures(1).parameters()
                            + " parameters", "ranks", config.ranks(), "checkpoint_bytes", bytes));
        }
    }

    /** A part with its measured times. It copies the checkpoint's bytes: each is read and written. */
    private static BenchPart.Timed timed(String name, long bytes, List<Double> seconds) {
        return new BenchPart.Timed(new BenchPart(name, 2.0 * bytes, 0), new Samples(seconds));
    }

    private static ModelSpec model(TrainerConfig config, Registry registry) {
        Map<String, Object> keys = new HashMap<>(Map.of("model_type", "deepseek_v3", "vocab_size", 8192,
                "hidden_size", 1024, "num_hidden_layers", 6, "first_k_dense_replace", 1, "num_attention_heads", 8,
                "intermediate_size", 2816, "moe_intermediate_size", 512, "n_routed_experts", 16, "num_experts_per_tok",
                2));
        keys.putAll(Map.of("n_shared_experts", 1, "kv_lora_rank", 256, "qk_nope_head_dim", 64, "qk_rope_head_dim", 32,
                "v_head_dim", 64, "rms_norm_eps", 1e-5, "rope_theta", 10000, "max_position_embeddings", 4096,
                "hidden_act", "silu", "tie_word_embeddings", false));
        keys.putAll(Map.of("attention_bias", false, "scoring_func", "sigmoid", "routed_scaling_factor", 1.0,
                "norm_topk_prob", true, "n_group", 1, "topk_group", 1));
        return registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(keys)
                .withMoeCommBackend(config.model().moeCommBackend());
    }

    /** Saves after each step, and makes the next step only after that checkpoint is written, so that no saving waits for another. */
    private static List<SaveResult> saved(TrainerConfig config, Registry registry, BenchOptions options) {
        Path output = temporary();
        List<SaveResult> results = new ArrayList<>();
        StepListener listener = new StepListener() {
            @Override
            public void made(StepResult step) {}

            @Override
            public void saved(SaveResult result) {
                results.add(result);
            }
        };
        try (TrainingRun run = Trainer.open(config, model(config, registry), registry,
                RunOptions.threads(config).withOutput(output).withData(random(config)))) {
            while (run.hasNext()) {
                options.progress().now("checkpoints", results.size(), options.runs());
                run.step(listener);
                awaitWritten(run);
            }
        } finally {
            remove(output);
        }
        results.stream().flatMap(result -> result.problem().stream()).findFirst().ifPresent(problem -> {
            throw new InputException("a checkpoint could not be saved: " + problem);
        });
        // After the last step the run waits for the checkpoint, so the last saving is not a valid measurement.
        return results.subList(options.warmup(), options.runs());
    }

    private static void awaitWritten(TrainingRun run) {
        Path checkpoint = run.checkpoints().orElseThrow()
                .resolve(String.format(Locale.ROOT, "step-%09d", run.stepsDone()));
        long begin = System.nanoTime();
        // If saving fails, no checkpoint appears, and the next step says why.
        while (!Files.isDirectory(checkpoint) && System.nanoTime() - begin < LONGEST.toNanos()) {
            try {
                Thread.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static List<Double> copies(Device device, long bytes, BenchOptions options) {
        long elements = bytes / Float.BYTES;
        List<Double> seconds = new ArrayList<>();
        try (Memory source = device.allocate(elements * Float.BYTES, "copied");
                Memory target = device.allocateHost(elements * Float.BYTES, "copy");
                Stream stream = device.openStream("copies")) {
            Tensor from = Tensor.of(source, 0, DType.F32, elements);
            Tensor to = Tensor.of(target, 0, DType.F32, elements);
            stream.fill(from, 1);
            // Not timed: the first copy touches its memory for the first time.
            stream.copy(from, to);
            stream.synchronize();
            for (int i = 0; i < options.iterations(); i++) {
                long begin = System.nanoTime();
                stream.copy(from, to);
                stream.synchronize();
                seconds.add((System.nanoTime() - begin) / 1e9);
            }
        }
        return seconds;
    }

    private static BatchSource.Factory random(TrainerConfig config) {
        int tokens = Math.toIntExact(config.training().localTokens() * config.microbatches());
        return (rank, read) -> {
            Random random = new Random(rank);
            return () -> new Batch(random.ints(tokens, 0, 8192).toArray(), random.ints(tokens, 0, 8192).toArray());
        };
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("moe4j-bench-checkpoint");
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary folder can be made", e);
        }
    }

    private static void remove(Path folder) {
        try (java.util.stream.Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be removed", e);
        }
    }
}
