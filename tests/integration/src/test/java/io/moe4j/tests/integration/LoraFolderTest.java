package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that fine-tune a model folder by low-rank updates: what they save, continue and export. */
final class LoraFolderTest {
    private static final String UPDATES = "lora.rank=4 lora.alpha=6 lora.targets=q_a_proj,o_proj,experts";

    @TempDir
    private Path folder;

    private final Registry registry = Plugins.load(List.of());
    private Path base;

    @BeforeEach
    void exportModel() {
        base = folder.resolve("base");
        try (TrainingRun run = Tiny.open("training.steps=1", "moe.load_balance_coeff=0")) {
            run.step();
            run.export(base, ExportOptions.defaults());
        }
    }

    /** Stopped and continued, a run has the bits of one that was not; on other ranks, its losses within the rounding of sums. */
    @Test
    void aContinuedRunHasTheSameBits() throws IOException {
        List<Double> whole = losses("whole", UPDATES, "training.steps=6");
        List<Double> parts = new ArrayList<>(losses("parts", UPDATES, "training.steps=6", "lr_scheduler.name=constant",
                "checkpoint.enable=true", "checkpoint.interval=3").subList(0, 3));
        List<Double> constant = losses("constant", UPDATES, "training.steps=6", "lr_scheduler.name=constant");
        Path saved = folder.resolve("parts/checkpoints/step-000000003");
        parts.addAll(losses("parts2", UPDATES, "training.steps=6", "lr_scheduler.name=constant",
                "checkpoint.resume=" + saved));
        assertEquals(constant, parts);
        assertEquals(6, whole.size());
        List<Double> two = losses("two", UPDATES, "training.steps=6", "lr_scheduler.name=constant", "ranks=2",
                "parallelism.data_parallel_shard_degree=2", "parallelism.expert_parallel_degree=2",
                "training.local_batch_size=4", "checkpoint.resume=" + saved);
        for (int i = 0; i < two.size(); i++) {
            assertEquals(constant.get(3 + i), two.get(i), 1e-4 * two.get(i), "step " + (4 + i) + " on two ranks");
        }
        long updates = Files.size(saved.resolve("weights-of-rank-00000.shard"));
        try (Stream<Path> files = Files.list(base)) {
            long model = files.mapToLong(file -> file.toFile().length()).sum();
            assertTrue(updates < model, updates + " bytes of updates, " + model + " of the model");
        }
    }

    /** A run, and the adapter that it exports, give the same model in every byte; so does a run that goes on from the adapter and makes no step. */
    @Test
    void runAndAdapterGiveTheSameModel() throws IOException {
        Path adapter = folder.resolve("adapter");
        try (TrainingRun run = open("run", UPDATES, "training.steps=3", "checkpoint.enable=true")) {
            while (run.hasNext()) {
                run.step();
            }
            run.exportAdapter(adapter);
        }
        byte[] ofRun = merged("run", folder.resolve("run"));
        assertArrayEquals(ofRun, merged("of-adapter", adapter));
        assertTrue(assertThrows(InputException.class, () -> Tiny.open("lora.from=" + adapter).close()).toString()
                .contains("would start from random ones"));
        adapterAndKeysAgree("lora.from=" + adapter);
        try (TrainingRun run = open("from", "lora.from=" + adapter)) {
            run.export(folder.resolve("again"), ExportOptions.defaults());
        }
        assertArrayEquals(ofRun, Files.readAllBytes(folder.resolve("again/model-00001-of-00001.safetensors")));
        assertFalse(
                java.util.Arrays.equals(ofRun, Files.readAllBytes(base.resolve("model-00001-of-00001.safetensors"))));
    }

    /** A value beside lora.from or model.from that differs from the folder's would be ignored. */
    private void adapterAndKeysAgree(String from) {
        refused("lora.rank = 8\n     the updates in lora.from, with which training goes on, have 4", "a", from,
                "lora.rank=8");
        refused("lora.alpha = 8.0\n", "b", from, "lora.alpha=8");
        refused("lora.targets = q_a_proj,o_proj,experts.up_proj\n", "c", from,
                "lora.targets=q_a_proj,o_proj,experts.up_proj");
        refused("lora.targets = all-linear\n", "d", from, "lora.targets=all-linear");
        refused("model.flavor = 16B\n", "e", "model.flavor=16B");
        refused("model.name = qwen3_moe\n", "f", "model.name=qwen3_moe");
        // The same values, and other names for the same matrices.
        open("g", from, UPDATES).close();
        open("h", from, "lora.targets=o_proj,experts.up_proj,experts.gate_proj,experts.down_proj,q_a_proj").close();
    }

    /** Inputs that do not fit together are refused with a clear message. */
    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        losses("run", UPDATES, "training.steps=1", "checkpoint.enable=true");
        String resume = "checkpoint.resume=" + folder.resolve("run");
        refused("alpha 6", "a", resume, "lora.rank=4", "lora.alpha=8", "lora.targets=q_a_proj,o_proj,experts");
        refused("all parameters", "b", resume);
        refused("choose from q_a_proj", "c", "lora.rank=4", "lora.targets=q_proj");
        assertTrue(assertThrows(InputException.class, () -> Tiny.open("lora.rank=4", "lora.targets=o_proj",
                "checkpoint.enable=true").close()).toString().contains("model.from"));
        refused("give the folder of low-rank updates", "f", "lora.from=" + folder);
        for (String alpha : List.of("1e30", "1e-30", "nan", "inf")) {
            refused("alpha / rank must lie between", "g", "lora.rank=1", "lora.alpha=" + alpha,
                    "lora.targets=o_proj");
        }
        Path broken = Files.createDirectories(folder.resolve("broken"));
        Files.writeString(broken.resolve("adapter_config.json"),
                """
                        {"peft_type": "LORA", "r": 0, "lora_alpha": 8, "use_dora": true, "modules_to_save": ["lm_head"], "bias": "all"}
                        """);
        String all = refused("r must be", "d", "lora.from=" + broken);
        Stream.of("use_dora", "modules_to_save", "bias").forEach(key -> assertTrue(all.contains(key), all));
        // The weights that the updates belong to have changed.
        try (RandomAccessFile file = new RandomAccessFile(
                base.resolve("model-00001-of-00001.safetensors").toFile(), "rw")) {
            file.seek(file.length() - 8);
            file.setLength(file.length());
        }
        Path other = folder.resolve("other");
        try (TrainingRun run = Tiny.open("training.steps=1", "training.seed=5", "moe.load_balance_coeff=0")) {
            run.export(other, ExportOptions.defaults());
        }
        Files.move(other.resolve("model-00001-of-00001.safetensors"), base.resolve("model-00001-of-00001.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertTrue(assertThrows(InputException.class, () -> ModelSource.open(folder.resolve("run"), registry).close())
                .toString().contains("other weights"));
        refused("other weights", "e", resume, UPDATES);
    }

    private String refused(String words, String output, String... overrides) {
        String message = assertThrows(InputException.class, () -> open(output, overrides).close()).toString();
        assertTrue(message.contains(words), message);
        return message;
    }

    private byte[] merged(String name, Path source) throws IOException {
        Path to = folder.resolve(name + "-merged");
        try (ModelSource opened = ModelSource.open(source, registry)) {
            ModelExport.write(opened, to, ExportOptions.defaults(), registry);
        }
        return Files.readAllBytes(to.resolve("model-00001-of-00001.safetensors"));
    }

    private List<Double> losses(String output, String... overrides) {
        try (TrainingRun run = open(output, overrides)) {
            return Tiny.losses(run);
        }
    }

    private TrainingRun open(String output, String... overrides) {
        List<String> all = new ArrayList<>(List.of("model.from=" + base, "ranks=4",
                "parallelism.expert_parallel_degree=4",
                "training.seq_len=16", "training.local_batch_size=2", "optimizer.lr=1e-2", "runtime.timeout=20"));
        all.addAll(List.of(Tiny.words(overrides)));
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.running());
        return Trainer.open(config, registry, RunOptions.threads(config).withData(Tiny.sequences(config))
                .withOutput(folder.resolve(output)));
    }
}
