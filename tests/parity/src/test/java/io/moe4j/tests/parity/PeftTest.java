package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.safetensors.SafetensorsFile;
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
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Low-rank updates of all matrices, including experts, that PEFT has written: its logits and losses are ours, with the updates kept apart from the weights
 * and with the updates added to them.
 */
class PeftTest {
    /** Bound of the loss and of logits, for sums in another order in single precision, as for models without updates. */
    private static final double LOSS = 1e-5;
    private static final double LOGITS = 1e-4;

    @TempDir
    private Path folder;

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @CsvSource({"v3, --ranks=1", "v3, --ranks=2 --parallelism.expert_parallel_degree=2 --runtime.strict=true",
            "qwen3, --ranks=1", "qwen3, --ranks=2 --parallelism.expert_parallel_degree=2"})
    void besideTheWeights(String name, String overrides) throws IOException {
        ExportedFolder golden = updates(name);
        check(golden, overrides + " --lora.from=" + golden.folder() + " --model.from="
                + ExportedFolder.of(name).folder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3", "qwen3"})
    void addedToTheWeights(String name) throws IOException {
        ExportedFolder golden = updates(name);
        Path merged = folder.resolve("merged");
        try (ModelSource source = ModelSource.open(golden.folder(), registry)) {
            // In bfloat16, as the model is, the updates would be rounded.
            ModelExport.write(source, merged, ExportOptions.defaults().withDtype(io.moe4j.api.tensor.DType.F32),
                    registry);
        }
        check(new ExportedFolder(merged, golden.expected().get("merged")), "--ranks=1 --model.from=" + merged);
    }

    /** Read and written again, they are the same in every bit, and PEFT updates the same matrices. */
    @ParameterizedTest
    @ValueSource(strings = {"v3", "qwen3"})
    void goOutAsTheyCameIn(String name) throws IOException {
        ExportedFolder golden = updates(name);
        Path written = folder.resolve("written");
        try (TrainingRun run = open(golden, "--ranks=2 --parallelism.expert_parallel_degree=2 --lora.from="
                + golden.folder() + " --model.from=" + ExportedFolder.of(name).folder())) {
            run.exportAdapter(written);
        }
        try (SafetensorsFile before = SafetensorsFile.open(golden.folder().resolve("adapter_model.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(written.resolve("adapter_model.safetensors"))) {
            assertEquals(before.tensors().keySet(), after.tensors().keySet());
            for (String tensor : before.tensors().keySet()) {
                assertEquals(before.entry(tensor).shape(), after.entry(tensor).shape(), tensor);
                assertArrayEquals(before.data(tensor).toArray(ValueLayout.JAVA_BYTE),
                        after.data(tensor).toArray(ValueLayout.JAVA_BYTE), tensor);
            }
        }
        JsonNode theirs = config(golden.folder());
        JsonNode ours = config(written);
        Stream.of("peft_type", "task_type", "r", "lora_alpha", "bias", "lora_dropout", "use_dora", "use_rslora",
                "fan_in_fan_out").forEach(key -> assertEquals(theirs.get(key), ours.get(key), key));
        assertEquals(names(theirs), names(ours));
    }

    private void check(ExportedFolder golden, String overrides) throws IOException {
        try (TrainingRun run = open(golden, overrides)) {
            int ranks = run.session().launch().worldSize();
            double worst = run.session().onRanks(rank -> ModelFolderTest.worstLogit(rank, golden, ranks)).stream()
                    .mapToDouble(Double::doubleValue).max().orElseThrow();
            assertTrue(worst <= LOGITS, () -> "logits differ by " + worst);
            assertEquals(golden.loss(), run.step().loss(), LOSS);
        }
    }

    private TrainingRun open(ExportedFolder golden, String overrides) {
        // Each is --key=value; a value, such as the path of this tree, may have blanks in it.
        List<Arguments.Override> all = new ArrayList<>(
                Arguments.parse(Arrays.asList(overrides.split(" (?=--)"))).overrides());
        all.addAll(Arguments.of("training.seq_len=" + golden.tokens(), "moe.load_balance_coeff=0").overrides());
        TrainerConfig plain = new ConfigLoader(registry).load(NamedConfigs.PLAIN, all, ConfigUse.running());
        TrainerConfig config = plain
                .withTraining(plain.training().withLocalBatchSize(golden.sequences() / plain.ranks()));
        return Trainer.open(config, registry, RunOptions.threads(config)
                .withData((rank, read) -> () -> golden.batch(rank, plain.ranks())));
    }

    private static ExportedFolder updates(String name) throws IOException {
        try {
            return ExportedFolder.at(Path.of(Objects
                    .requireNonNull(PeftTest.class.getResource("lora/" + name + "/expected.json")).toURI())
                    .getParent());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode config(Path folder) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("adapter_config.json")));
    }

    private static Set<String> names(JsonNode config) {
        Set<String> names = new HashSet<>();
        config.get("target_modules").forEach(name -> names.add(name.stringValue()));
        return names;
    }
}
