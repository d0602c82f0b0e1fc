package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.Evaluation;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.run.ValidationResult;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Evaluations of trained models: a folder of a Hugging Face class has the loss that the class computes, and a checkpoint has that of its run. */
class EvaluationTest {
    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    /** Sums of 48 tokens and 256 logits in another order, as in {@link ModelFolderTest}. */
    @ParameterizedTest
    @CsvSource({"v3, --ranks=1", "v3, --ranks=2 --parallelism.expert_parallel_degree=2", "v3, --ranks=2",
            "qwen3, --ranks=1 --model.moe_comm_backend=standard --graph_capture.enable=false",
            "qwen3, --ranks=2 --parallelism.expert_parallel_degree=2 --runtime.strict=true",
            "v3, --ranks=4 --parallelism.expert_parallel_degree=4"})
    void theLossIsThatOfTransformers(String name, String overrides) throws IOException {
        ExportedFolder golden = ExportedFolder.of(name);
        TrainerConfig config = config(golden, overrides);
        try (ModelSource source = ModelSource.open(golden.folder(), registry);
                Evaluation evaluation = Evaluation.open(config, source, registry, RankLaunch.threads(config), false)) {
            ValidationResult result = evaluation.run(batches(golden, config), Long.MAX_VALUE, () -> false);
            assertEquals(golden.loss(), result.loss(), 1e-5);
            assertEquals(Optional.empty(), result.problem());
            assertEquals((long) golden.sequences() * golden.tokens(), result.tokens());
            assertEquals(golden.sequences(), result.sequences());
            assertFalse(evaluation.description().memory().byPurpose().containsKey("optimizer state"));
            assertFalse(evaluation.description().memory().byPurpose().containsKey("gradients"));
            assertTrue(evaluation.description().memory().byPurpose().get("parameters") > 0);
        }
    }

    /** Trained and saved by two ranks, which have validated it after their last step. */
    @Test
    void aCheckpointHasTheLossOfItsRun() throws IOException {
        ExportedFolder golden = ExportedFolder.of("v3");
        String two = "--ranks=2 --parallelism.expert_parallel_degree=2";
        TrainerConfig training = config(golden,
                two + " --training.steps=2 --optimizer.lr=1e-2 --validation.interval=2",
                "--model.from=" + golden.folder());
        ValidationResult validated;
        Path saved;
        try (TrainingRun run = Trainer.open(training, registry, RunOptions.threads(training)
                .withData((rank, read) -> () -> golden.batch(rank, 2)).withValidation(batches(golden, training)))) {
            run.step();
            run.step();
            validated = run.lastValidation().orElseThrow();
            saved = run.save(folder);
        }
        assertTrue(validated.loss() < golden.loss() - 0.01, validated + " has learned");
        assertEquals(validated.loss(), evaluate(golden, saved, two).loss(), "the same layout");
        for (String other : List.of("--ranks=1", "--ranks=4 --parallelism.expert_parallel_degree=2")) {
            assertEquals(validated.loss(), evaluate(golden, saved, other).loss(), 1e-6 * validated.loss(), other);
        }
    }

    /** An evaluation with room for less than half of what even routing brings needs several rounds; it has the bits of one with room for the worst case. */
    @ParameterizedTest
    @CsvSource({"v3, 4, 0.3", "qwen3, 2, 0.4"})
    void roundsDoNotShowInTheLoss(String name, int ranks, double capacity) throws IOException {
        ExportedFolder golden = ExportedFolder.of(name);
        String layout = "--ranks=" + ranks + " --parallelism.expert_parallel_degree=" + ranks;
        String rounds = layout + " --moe.receive_capacity=" + capacity;
        double whole = evaluate(golden, golden.folder(), layout).loss();
        assertEquals(whole, evaluate(golden, golden.folder(), rounds).loss());
        assertEquals(golden.loss(), whole, 1e-5);
    }

    private ValidationResult evaluate(ExportedFolder golden, Path saved, String overrides) {
        TrainerConfig config = config(golden, overrides);
        try (ModelSource source = ModelSource.open(saved, registry);
                Evaluation evaluation = Evaluation.open(config, source, registry, RankLaunch.threads(config), false)) {
            return evaluation.run(batches(golden, config), Long.MAX_VALUE, () -> false);
        }
    }

    /**
     * A configuration.
     *
     * @param overrides with blanks between them
     * @param others that may have blanks in them, such as the path of this tree
     */
    private TrainerConfig config(ExportedFolder golden, String overrides, String... others) {
        List<Arguments.Override> all = new ArrayList<>(
                Arguments.of("training.seq_len=" + golden.tokens(), "moe.load_balance_coeff=0").overrides());
        all.addAll(Arguments.parse(Arrays.asList(overrides.split(" "))).overrides());
        all.addAll(Arguments.parse(List.of(others)).overrides());
        TrainerConfig plain = new ConfigLoader(registry).load(NamedConfigs.PLAIN, all, ConfigUse.running());
        return plain.withTraining(plain.training()
                .withLocalBatchSize(Math.max(1, golden.sequences() / plain.ranks())));
    }

    /** One batch of all sequences; ranks for which there is none have nothing to read. */
    private static BatchSource.Factory batches(ExportedFolder golden, TrainerConfig config) {
        int ranks = Math.min(config.ranks(), golden.sequences());
        return (rank, read) -> new BatchSource() {
            private boolean polled;

            @Override
            public Batch next() {
                throw new IllegalStateException("an evaluation asks with poll");
            }

            @Override
            public Optional<Batch> poll() {
                if (polled || rank >= ranks) {
                    return Optional.empty();
                }
                polled = true;
                return Optional.of(golden.batch(rank, ranks));
            }
        };
    }

    /** Places of a batch that the data does not fill do not count. */
    @Test
    void aHalfFilledBatchCountsHalf() throws IOException {
        ExportedFolder golden = ExportedFolder.of("v3");
        TrainerConfig config = config(golden, "--ranks=1");
        double whole = evaluate(golden, golden.folder(), "--ranks=1").loss();
        double[] halves = new double[2];
        for (int half = 0; half < 2; half++) {
            int kept = half;
            try (ModelSource source = ModelSource.open(golden.folder(), registry);
                    Evaluation evaluation = Evaluation.open(config, source, registry, RankLaunch.threads(config),
                            false)) {
                ValidationResult result = evaluation.run((rank, read) -> only(golden, kept), 1, () -> false);
                assertEquals(golden.tokens(), result.tokens());
                assertEquals(1, result.sequences());
                halves[half] = result.loss();
            }
        }
        assertEquals(whole, (halves[0] + halves[1]) / 2, 1e-12 * whole);
    }

    private static BatchSource only(ExportedFolder golden, int sequence) {
        Batch all = golden.batch(0, 1);
        int[] labels = all.labels_T().clone();
        Arrays.fill(labels, (1 - sequence) * golden.tokens(), (2 - sequence) * golden.tokens(), LossOps.IGNORED_LABEL);
        return () -> new Batch(all.ids_T(), labels);
    }
}
