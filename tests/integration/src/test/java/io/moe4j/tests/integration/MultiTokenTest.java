package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.tests.integration.FolderCopy.Stored;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Multi-token prediction in whole runs; its numbers are compared with PyTorch's where goldens are read. */
final class MultiTokenTest {
    private static final String FOUR = "training.local_batch_size=1 training.gradient_accumulation_steps=4 training.steps=2";
    private static final String ONE = "training.local_batch_size=4 training.steps=2";

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    private static ModelSpec two(ModelSpec spec) {
        return spec.withPredictionDepth(2);
    }

    private static TrainingRun open(String... overrides) {
        return Tiny.openOther(MultiTokenTest::two, Tiny.words(overrides));
    }

    private static void requireSame(List<StepResult> expected, List<StepResult> found) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).loss(), found.get(i).loss());
            assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm());
            assertEquals(expected.get(i).predictionLosses(), found.get(i).predictionLosses());
            assertEquals(2, found.get(i).predictionLosses().size());
        }
    }

    /** Eager, strict, without recompute, with a budget, in rounds, and with two microbatches alive at once. */
    @Test
    void theBitsAreTheSame() {
        List<StepResult> expected;
        try (TrainingRun plain = open(FOUR)) {
            expected = Tiny.steps(plain);
        }
        for (String how : List.of("graph_capture.enable=false runtime.strict=true",
                "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none",
                "activation_checkpoint.mode=budget activation_checkpoint.memory_budget=0.001",
                "moe.receive_capacity=0.5 moe.on_overflow=rounds")) {
            try (TrainingRun other = open(FOUR, how)) {
                requireSame(expected, Tiny.steps(other));
            }
        }
        try (TrainingRun other = Tiny.openOther(MultiTokenTest::two, new TwoAlive(), Tiny.words(FOUR))) {
            requireSame(expected, Tiny.steps(other));
        }
    }

    @Test
    void microbatchesAreOneLargeBatch() {
        try (TrainingRun four = open(FOUR); TrainingRun one = open(ONE)) {
            List<StepResult> expected = Tiny.steps(one);
            List<StepResult> found = Tiny.steps(four);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(),
                        1e-4 * expected.get(i).gradientNorm());
                for (int k = 0; k < 2; k++) {
                    double loss = expected.get(i).predictionLosses().get(k);
                    assertEquals(loss, found.get(i).predictionLosses().get(k), 1e-4 * loss);
                }
            }
        }
    }

    /** The text can be learnt two and three tokens ahead as well as one. Before any update, modules change nothing of the loss of the model itself. */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "qwen"})
    void modulesLearn(String family) {
        String few = "training.steps=10 lr_scheduler.name=constant lr_scheduler.warmup_steps=0 optimizer.lr=2e-2 ranks=1"
                + " parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1";
        UnaryOperator<ModelSpec> kind = family.equals("qwen") ? Tiny::qwen : UnaryOperator.identity();
        try (TrainingRun run = Tiny.openOther(spec -> two(kind.apply(spec)), Tiny.words(few));
                TrainingRun without = Tiny.openOther(kind, Tiny.words(few))) {
            List<StepResult> steps = Tiny.steps(run);
            StepResult plain = without.step();
            assertEquals(plain.loss(), steps.getFirst().loss());
            assertEquals(List.of(), plain.predictionLosses());
            for (int k = 0; k < 2; k++) {
                double first = steps.getFirst().predictionLosses().get(k);
                double last = steps.getLast().predictionLosses().get(k);
                assertTrue(first > 4 && last < 0.9 * first, "module " + k + ": " + first + " to " + last);
            }
        }
    }

    /** Two documents of 16 tokens in a sequence of 32 have the bits of two sequences of 16: no module sees, or predicts, across the boundary. */
    @Test
    void documentsAreKeptApart() {
        String apart = "data.document_boundaries=true training.steps=2 training.local_batch_size=1 training.seq_len=32"
                + " runtime.strict=true";
        Tiny.DataOf halves = config -> {
            BatchSource.Factory plain = Tiny.sequences(
                    config.withTraining(config.training().withSeqLen(16).withLocalBatchSize(2)));
            return (rank, read) -> {
                BatchSource source = plain.open(rank, 2 * read);
                return () -> {
                    Batch batch = source.next();
                    int[] starts = new int[batch.tokens()];
                    Arrays.fill(starts, 16, 32, 16);
                    return new Batch(batch.ids_T(), batch.labels_T(), Optional.of(starts));
                };
            };
        };
        try (TrainingRun packed = Tiny.openOther(MultiTokenTest::two, halves, Tiny.words(apart));
                TrainingRun single = Tiny.openOther(MultiTokenTest::two, Tiny::sequences, Tiny.words(apart,
                        "data.document_boundaries=false training.seq_len=16 training.local_batch_size=2"))) {
            requireSame(Tiny.steps(single), Tiny.steps(packed));
        }
    }

    /** The model's own loss is finite, the gradients are not: the message names the module. */
    @Test
    void whatIsNotFiniteIsFound() {
        try (TrainingRun run = open("training.steps=2")) {
            run.session().onRanks(rank -> {
                rank.model().units().stream().filter(unit -> unit.name().equals("layers.4"))
                        .forEach(unit -> rank.context().stream().fill(unit.shard(), 0x7FC0_7FC0));
                return rank;
            });
            String message = String.valueOf(assertThrows(RuntimeException.class, run::step).getMessage());
            assertTrue(message.contains("layers.4"), message);
        }
    }

    /** A run with a checkpoint goes on with the same bits; on one rank, within the rounding of sums. What is exported comes back, in a run and in an export. */
    @Test
    void savedContinuedExportedAndReadAgain() throws IOException {
        Path checkpoint;
        Path exported = folder.resolve("exported");
        List<StepResult> rest;
        try (TrainingRun run = open("training.steps=4")) {
            run.step();
            run.step();
            checkpoint = run.save(folder.resolve("checkpoints"));
            rest = Tiny.steps(run);
            run.export(exported, ExportOptions.defaults());
        }
        try (TrainingRun run = open("training.steps=4", "checkpoint.resume=" + checkpoint)) {
            requireSame(rest, Tiny.steps(run));
        }
        assertTrue(assertThrows(InputException.class,
                () -> Tiny.open("training.steps=4", "checkpoint.resume=" + checkpoint).close()).getMessage()
                .contains("has 2 modules for multi-token prediction, and this run trains 0: set"
                        + " model.num_nextn_predict_layers to 2, or to 0 to go on without the others"));
        try (TrainingRun run = Tiny.open("training.steps=4", "checkpoint.resume=" + checkpoint,
                "model.num_nextn_predict_layers=0")) {
            assertEquals(rest.getFirst().loss(), run.step().loss(), "the model's own loss, of the same weights");
        }
        FolderCopy written = FolderCopy.of(exported);
        assertTrue(written.config.contains("\"num_nextn_predict_layers\" : 2"), written.config);
        for (String name : List.of("enorm.weight", "hnorm.weight", "eh_proj.weight", "shared_head.norm.weight",
                "self_attn.o_proj.weight", "mlp.experts.7.up_proj.weight", "mlp.gate.e_score_correction_bias")) {
            assertTrue(written.tensors.containsKey("model.layers.3." + name)
                    && written.tensors.containsKey("model.layers.4." + name), name);
        }
        assertEquals(List.of(32L, 64L), written.tensors.get("model.layers.3.eh_proj.weight").shape());
        assertArrayEquals(written.tensors.get("model.embed_tokens.weight").bytes(),
                written.tensors.get("model.layers.4.embed_tokens.weight").bytes());
        assertArrayEquals(written.tensors.get("lm_head.weight").bytes(),
                written.tensors.get("model.layers.3.shared_head.head.weight").bytes());
        Path again = folder.resolve("again");
        try (ModelSource source = ModelSource.open(exported, registry)) {
            assertEquals(List.of(), source.remarks());
            assertEquals(2, source.spec().predictionDepth());
            ModelExport.write(source, again, ExportOptions.defaults(), registry);
        }
        FolderCopy copy = FolderCopy.of(again);
        assertEquals(written.tensors.keySet(), copy.tensors.keySet());
        written.tensors.forEach(
                (name, tensor) -> assertArrayEquals(tensor.bytes(), copy.tensors.get(name).bytes(), name));
    }

    /** As with a folder: a program that gives a model with modules, and sets low-rank updates, trains the model without them. */
    @Test
    void lowRankUpdatesLeaveTheModulesOfAGivenModelOut() {
        String lora = "lora.rank=2 training.steps=1 moe.load_balance_coeff=0";
        try (TrainingRun run = open(lora); TrainingRun without = Tiny.openOther(spec -> spec, Tiny.words(lora))) {
            StepResult step = run.step();
            assertEquals(without.step().loss(), step.loss());
            assertEquals(List.of(), step.predictionLosses());
        }
    }

    /** Folders with modules, without them although config.json speaks of some, and what keys say of both. */
    @Test
    void foldersWithAndWithoutModules() throws IOException {
        Path whole = folder.resolve("whole");
        try (TrainingRun run = open("training.steps=1", "moe.load_balance_coeff=0")) {
            run.step();
            run.export(whole, ExportOptions.defaults());
        }
        assertEquals(2, firstStep(whole).predictionLosses().size());
        assertEquals(1, firstStep(whole, "model.num_nextn_predict_layers=1").predictionLosses().size());
        StepResult without = firstStep(whole, "model.num_nextn_predict_layers=0");
        assertEquals(0, without.predictionLosses().size());
        StepResult lora = firstStep(whole, "lora.rank=2");
        assertEquals(without.loss(), lora.loss());
        assertRefused("weights of 2 such modules", whole, "model.num_nextn_predict_layers=3");
        assertRefused("do not train modules for multi-token prediction", whole, "lora.rank=2",
                "model.num_nextn_predict_layers=1");
        assertRefused("training.mtp_loss_factor = 0", whole, "training.mtp_loss_factor=0");
        assertRefused("between 0 and 16;", whole, "model.num_nextn_predict_layers=-1");

        FolderCopy copy = FolderCopy.of(whole);
        float[] head = copy.tensors.get("lm_head.weight").floats();
        copy.tensors.put("model.layers.3.shared_head.head.weight",
                Stored.floats(List.of(61L, 32L), new float[head.length]));
        try (ModelSource source = ModelSource.open(copy.two(folder.resolve("stale")), registry)) {
            assertEquals(
                    List.of("model.layers.3.shared_head.head.weight is not read: it should be a copy of lm_head.weight,"
                            + " which is used in its place, and differs from it"),
                    source.remarks());
        }
        String enorm = "model.layers.4.enorm.weight";
        Stored taken = copy.tensors.remove(enorm);
        Path damaged = copy.single(folder.resolve("damaged"));
        assertTrue(assertThrows(InputException.class, () -> ModelSource.open(damaged, registry).close()).getMessage()
                .contains(enorm));
        copy.tensors.put(enorm, taken);
        copy.tensors.keySet().removeIf(name -> name.matches("model\\.layers\\.[34]\\..*"));
        for (Path plain : List.of(copy.single(folder.resolve("plain")), copy.two(folder.resolve("plain2")))) {
            try (ModelSource source = ModelSource.open(plain, registry)) {
                assertEquals(0, source.spec().predictionDepth());
                assertEquals(
                        List.of("config.json says num_nextn_predict_layers = 2, and the folder has no weights of such"
                                + " modules: the model is used without them"),
                        source.remarks());
            }
            assertRefused("no weights of such modules", plain, "model.num_nextn_predict_layers=1");
        }
        assertEquals(without.loss(), firstStep(folder.resolve("plain")).loss());
    }

    private StepResult firstStep(Path model, String... overrides) {
        try (TrainingRun run = from(model, overrides)) {
            return run.step();
        }
    }

    private void assertRefused(String expected, Path model, String... overrides) {
        String message = assertThrows(ConfigException.class, () -> from(model, overrides).close()).getMessage();
        assertTrue(message.contains(expected), message);
        assertFalse(message.contains("Exception"), message);
    }

    private TrainingRun from(Path model, String... overrides) {
        List<String> all = new ArrayList<>(List.of("model.from=" + model, "training.seq_len=16", "training.steps=1",
                "training.local_batch_size=2", "data.tokenizer=bytes"));
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.running());
        return Trainer.open(config, registry, RunOptions.threads(config).withData(Tiny.sequences(config)));
    }
}
