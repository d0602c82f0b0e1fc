package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.safetensors.RandomAccessOutput;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.checkpoint.store.ForwardingFileOperations;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of a GPU's state that are written while later steps change it have the bytes of those that steps wait for. */
@Tag("gpu")
@Timeout(180)
final class BackgroundSavingGpuTest {
    private static final String COPY = "checkpoint being saved";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"training.dtype=bfloat16", "graph_capture.enable=false",
            "training.dtype=bfloat16 optimizer.offload=true optimizer.offload_chunk_bytes=1000000",
            "training.dtype=bfloat16 training.parameter_dtype=bfloat16 training.gradient_dtype=bfloat16"
                    + " optimizer.state_dtype=bfloat16 optimizer.parameter_rounding=stochastic"})
    void laterStepsDoNotChangeWhatIsWritten(String overrides) throws IOException {
        List<Double> waiting = new ArrayList<>();
        try (TrainingRun run = open("waiting", FileOperations.disk(), overrides + " checkpoint.background=false")) {
            while (run.hasNext()) {
                waiting.add(run.step().loss());
            }
            assertFalse(run.session().devices().get(0).allocatedHostBytes().containsKey(COPY));
        }
        CountDownLatch later = new CountDownLatch(1);
        List<Double> beside = new ArrayList<>();
        try (TrainingRun run = open("beside", new Held("step-000000003.part/weights", later), overrides)) {
            long planned = run.session().memoryPlan().host().getOrDefault(COPY, 0L);
            long held = run.session().devices().get(0).allocatedHostBytes().getOrDefault(COPY, 0L);
            assertTrue(planned > 0 && held > planned && held <= 2 * planned, held + " bytes, planned " + planned);
            for (int step = 1; step <= 5; step++) {
                beside.add(run.step().loss());
            }
            assertTrue(run.lastSaved().isEmpty(), "step 3 is held, and steps are made");
            later.countDown();
            beside.add(run.step().loss());
            assertEquals(6, run.lastSaved().orElseThrow().step());
        }
        assertEquals(waiting, beside);
        for (String step : List.of("checkpoints/step-000000003", "checkpoints/step-000000006")) {
            List<Path> files = tensorsAndProgress(folder.resolve("waiting").resolve(step));
            assertEquals(4, files.size());
            for (Path each : files) {
                assertArrayEquals(Files.readAllBytes(each), Files.readAllBytes(
                        folder.resolve("beside").resolve(step).resolve(each.getFileName())), each.toString());
            }
        }
        List<Double> continued = new ArrayList<>(beside.subList(0, 3));
        try (TrainingRun run = open("continued", FileOperations.disk(), overrides + " checkpoint.resume="
                + folder.resolve("beside/checkpoints/step-000000003"))) {
            while (run.hasNext()) {
                continued.add(run.step().loss());
            }
        }
        assertEquals(waiting, continued);
    }

    private static List<Path> tensorsAndProgress(Path checkpoint) throws IOException {
        try (Stream<Path> files = Files.list(checkpoint)) {
            return files.filter(each -> each.toString().endsWith(".shard") || each.endsWith("progress.json")).sorted()
                    .toList();
        }
    }

    private TrainingRun open(String output, FileOperations disk, String overrides) {
        Registry registry = Plugins.load(List.of());
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=2", "parallelism.expert_parallel_degree=2",
                "training.seq_len=128", "training.local_batch_size=2", "training.steps=6", "runtime.timeout=30",
                "checkpoint.enable=true", "checkpoint.interval=3"));
        all.addAll(List.of(overrides.split(" ")));
        TrainerConfig config = new ConfigLoader(registry).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
        RunOptions options = RunOptions.threads(config).withOutput(folder.resolve(output)).withFiles(disk)
                .withData((rank, read) -> {
                    AtomicLong step = new AtomicLong(read / config.sequencesPerStep());
                    return () -> batch(new Random(rank + 1000 * step.incrementAndGet()),
                            Math.toIntExact(config.training().localTokens() * config.microbatches()));
                });
        return Trainer.open(config, registry, options);
    }

    private static Batch batch(Random random, int tokens) {
        int[] words = random.ints(tokens + 1L, 0, 2048).toArray();
        return new Batch(Arrays.copyOf(words, tokens), Arrays.copyOfRange(words, 1, tokens + 1));
    }

    /** A disk on which one file, with a name in its path, is not created before it may be. */
    private static final class Held extends ForwardingFileOperations {
        private final String name;
        private final CountDownLatch may;

        Held(String name, CountDownLatch may) {
            super(FileOperations.disk());
            this.name = name;
            this.may = may;
        }

        @Override
        public RandomAccessOutput create(Path file) throws IOException {
            if (file.toString().contains(name)) {
                try {
                    may.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
            return super.create(file);
        }
    }
}
