package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.safetensors.StoredType;
import io.moe4j.tests.integration.FolderCopy.Stored;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Model folders in all forms that can be read, and the messages for those that cannot. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PublishedFolderTest {
    private static final String GATE = "model.layers.1.mlp.gate.weight";
    private static final String NORM = "model.norm.weight";
    private static final String EXPERT = "model.layers.2.mlp.experts.5.up_proj.weight";

    private final Registry registry = Plugins.load(List.of());
    private Path exported = Path.of("");
    private Path checkpoint = Path.of("");

    @BeforeAll
    void export(@TempDir Path shared) {
        exported = shared.resolve("exported");
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            run.step();
            checkpoint = run.save(shared.resolve("checkpoints"));
            run.export(exported, ExportOptions.defaults());
        }
    }

    @Test
    void everythingThatIsWrongIsToldAtOnce(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        copy.tensors.remove(NORM);
        copy.tensors.remove("lm_head.weight");
        for (int expert = 0; expert < 8; expert++) {
            copy.tensors.remove("model.layers.1.mlp.experts." + expert + ".down_proj.weight");
        }
        copy.tensors.put(GATE, new Stored(StoredType.F32, List.of(32L, 8L), copy.tensors.get(GATE).bytes()));
        copy.tensors.put(EXPERT, new Stored(StoredType.I32, List.of(24L, 32L), copy.tensors.get(EXPERT).bytes()));
        copy.tensors.put("model.layers.1.mlp.gate_up.weight", Stored.floats(List.of(2L), 1, 2));
        String message = refusal(copy.single(folder));
        for (String part : List.of("does not have the weights of its config.json",
                "9 tensors are missing; take all files of the published folder: ", ", and 3 more",
                "tensors are missing (without a head of its own, a model says tie_word_embeddings = true): lm_head.weight",
                "another shape than config.json says: " + GATE + " [32, 8] instead of [8, 32]",
                "F32, F16, BF16 and F8_E4M3 are read: " + EXPERT + " I32",
                "not of this model; take the config.json that belongs to them: model.layers.1.mlp.gate_up.weight F32[2]")) {
            assertTrue(message.contains(part), message);
        }
        assertEquals(6, message.lines().count(), message);
    }

    @Test
    void whatPublishedFoldersHaveBesidesIsToldAndNotRead(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        List<String> last = copy.tensors.keySet().stream().filter(name -> name.startsWith("model.layers.2.")).toList();
        last.forEach(name -> copy.tensors.put(name.replace("layers.2.", "layers.3."), copy.tensors.get(name)));
        copy.tensors.put("model.layers.3.eh_proj.weight", Stored.floats(List.of(1L), 1));
        copy.tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", Stored.floats(List.of(2L), 1, 1));
        copy.tensors.keySet().removeIf(name -> name.endsWith("e_score_correction_bias"));
        copy.config = copy.config.replace("\"model_type\"", "\"unknown_key\": [1], \"model_type\"");
        try (ModelSource source = ModelSource.open(copy.two(folder), registry)) {
            assertEquals(2, source.remarks().size(), source.remarks().toString());
            assertTrue(source.remarks().getFirst().contains("biases (e_score_correction_bias) are not there"));
            assertTrue(
                    source.remarks().getLast().startsWith(last.size() + " tensors are not read: they are of layers for"
                            + " multi-token prediction"),
                    source.remarks().getLast());
        }
    }

    /** As transformers writes a model without shared experts; one element is a weight that nothing would multiply with. */
    @Test
    void matricesWithoutElementsArePassedOver(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        copy.config = copy.config.replaceFirst("\"n_shared_experts\" : 1", "\"n_shared_experts\" : 0");
        for (String name : List.copyOf(copy.tensors.keySet())) {
            if (name.contains(".mlp.shared_experts.")) {
                copy.tensors.put(name, Stored.floats(List.of(0L, 32L)));
            }
        }
        try (ModelSource source = ModelSource.open(copy.single(folder.resolve("empty")), registry)) {
            assertEquals(List.of(), source.remarks());
        }
        copy.tensors.put("model.layers.1.mlp.shared_experts.up_proj.weight", Stored.floats(List.of(1L, 1L), 1));
        String message = refusal(copy.single(folder.resolve("one")));
        assertTrue(message.endsWith("belongs to them: model.layers.1.mlp.shared_experts.up_proj.weight F32[1, 1]"),
                message);
    }

    /** The class of deepseek_v3 takes a sigmoid whatever the file says, so that its results are not those of this file. */
    @Test
    void whatThePublishedClassComputesOtherwiseIsTold(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        try (ModelSource source = ModelSource.open(copy.single(folder.resolve("same")), registry)) {
            assertEquals(List.of(), source.remarks());
        }
        copy.config = copy.config.replaceFirst("\"scoring_func\" : \"sigmoid\"", "\"scoring_func\" : \"softmax\"");
        try (ModelSource source = ModelSource.open(copy.single(folder.resolve("differs")), registry)) {
            assertEquals(1, source.remarks().size(), source.remarks().toString());
            assertTrue(source.remarks().getFirst().contains("the published class deepseek_v3 uses a sigmoid whatever"),
                    source.remarks().toString());
        }
    }

    /** A further layer that is no prediction layer means that the config.json is of another model. */
    @Test
    void aLayerTooManyIsAProblem(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        copy.tensors.put("model.layers.3.input_layernorm.weight",
                copy.tensors.get("model.layers.2.input_layernorm.weight"));
        assertTrue(refusal(copy.single(folder)).contains("not of this model"));
    }

    @Test
    void aTiedHeadMayBeThereToo(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        copy.config = copy.config.replaceFirst("\"tie_word_embeddings\" : false", "\"tie_word_embeddings\" : true");
        String message = refusal(copy.single(folder.resolve("differs")));
        assertTrue(message.contains("differs from the embedding, although tie_word_embeddings is true"), message);
        copy.tensors.put("lm_head.weight", copy.tensors.get("model.embed_tokens.weight"));
        try (ModelSource source = ModelSource.open(copy.single(folder.resolve("same")), registry)) {
            assertEquals(List.of("lm_head.weight is not read: it is the embedding"), source.remarks());
        }
    }

    /** (24, 32) with blocks of (16, 24): four scales, three of them of smaller blocks. 0x38 is 1, 0xc8 is -4, 0x01 is 2^-9. */
    @Test
    void blocksOfFp8HaveTheirScales(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        byte[] values = new byte[24 * 32];
        Arrays.fill(values, (byte) 0x38);
        values[15 * 32 + 23] = (byte) 0xc8;
        values[16 * 32 + 24] = 0x01;
        copy.tensors.put(EXPERT, new Stored(StoredType.F8_E4M3, List.of(24L, 32L), values));
        copy.tensors.put(EXPERT + "_scale_inv", Stored.floats(List.of(2L, 2L), 1, 2, 3, 4));
        assertTrue(refusal(copy.single(folder.resolve("sizes"))).contains("config.json has no quantization_config"));
        copy.config = copy.config.replaceFirst("\\{",
                "{\"quantization_config\": {\"quant_method\": \"fp8\", \"fmt\": \"e4m3\","
                        + " \"weight_block_size\": [16, 24]},");
        Path whole = copy.single(folder.resolve("whole"));
        Path plain = folder.resolve("plain");
        try (ModelSource source = ModelSource.open(whole, registry)) {
            ModelExport.write(source, plain, ExportOptions.defaults(), registry);
        }
        float[] read = FolderCopy.of(plain).tensors.get(EXPERT).floats();
        float[] expected = new float[24 * 32];
        for (int row = 0; row < 24; row++) {
            for (int column = 0; column < 32; column++) {
                expected[row * 32 + column] = row < 16 ? column < 24 ? 1 : 2 : column < 24 ? 3 : 4;
            }
        }
        expected[15 * 32 + 23] = -4;
        expected[16 * 32 + 24] = 4 * 0x1p-9f;
        assertArrayEquals(expected, read);
        copy.tensors.put(EXPERT + "_scale_inv", Stored.floats(List.of(1L, 2L), 1, 2));
        assertTrue(refusal(copy.single(folder.resolve("few"))).contains("[1, 2] instead of [2, 2]"));
        copy.tensors.remove(EXPERT + "_scale_inv");
        assertTrue(refusal(copy.single(folder.resolve("none"))).contains("have no scales"));
    }

    @Test
    void filesThatAreDamagedOrTwiceAreRefused(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        Path cut = copy.two(folder.resolve("cut"));
        Path second = cut.resolve("model-00002-of-00002.safetensors");
        byte[] bytes = Files.readAllBytes(second);
        Files.write(second, Arrays.copyOf(bytes, bytes.length - 10));
        assertTrue(refusal(cut).contains("files that cannot be read"), refusal(cut));
        Files.copy(copy.two(folder.resolve("whole")).resolve("model-00001-of-00002.safetensors"), cut.resolve("x"));
        Files.move(cut.resolve("x"), second, StandardCopyOption.REPLACE_EXISTING);
        String twice = refusal(cut);
        assertTrue(twice.contains("tensors that are in two files"), twice);
        Files.delete(second);
        assertTrue(refusal(cut).contains("files that the index names and that are not there"), refusal(cut));
        Path both = copy.two(folder.resolve("both"));
        copy.single(both);
        assertTrue(refusal(both).contains("that the index does not name"), refusal(both));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "../model-00001-of-00002.safetensors | not those of a .safetensors file in this folder",
            "/etc/passwd | not those of a .safetensors file in this folder",
            "a/../b.safetensors | not those of a .safetensors file in this folder",
            "\\\\u0000.safetensors | not those of a .safetensors file in this folder",
            ".. | not those of a .safetensors file in this folder"})
    void anIndexLeadsNowhereElse(String name, String said, @TempDir Path folder) throws IOException {
        Path model = FolderCopy.of(exported).two(folder.resolve("model"));
        Files.writeString(model.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"" + NORM + "\": \"" + name.replace("\\\\", "\\") + "\"}}");
        assertTrue(refusal(model).contains(said), refusal(model));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "\"model_type\" : \"deepseek_v3\" | \"model_type\" : \"llama\" | known types are [deepseek_v2, deepseek_v3, qwen3_moe]",
            "\"DeepseekV3ForCausalLM\" | \"DeepseekV3Model\" | only classes that end in ForCausalLM",
            "\"attention_bias\" : false | \"attention_bias\" : true | attention_bias = true: only false is supported",
            "\"hidden_size\" : 32 | \"hidden_size\" : 33 | another shape",
            "\"vocab_size\" : 61 | \"vocab_size\" : \"many\" | vocab_size = many: it must be a whole number",
            "\"vocab_size\" : 61 | \"vocab_size\" : 61, \"quantization_config\": {\"quant_method\": \"gptq\"} | only FP8 with a scale for each block",
            "\"vocab_size\" : 61 | \"vocab_size\" : 61, \"vocab_size\": 61 | is no JSON object",
            "{ | [ | is no JSON object"})
    void aConfigurationThatIsNotComputedIsRefused(String from, String to, String said, @TempDir Path folder)
            throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        assertTrue(copy.config.contains(from), copy.config);
        copy.config = copy.config.replace(from, to);
        String message = refusal(copy.single(folder));
        assertTrue(message.contains(said), message);
    }

    @Test
    void valuesThatAreNotFiniteAreNotTrainedFrom(@TempDir Path folder) throws IOException {
        FolderCopy copy = FolderCopy.of(exported);
        float[] norm = copy.tensors.get(NORM).floats();
        norm[7] = Float.NaN;
        copy.tensors.put(NORM, Stored.floats(List.of((long) norm.length), norm));
        Path model = copy.single(folder.resolve("model"));
        try (ModelSource source = ModelSource.open(model, registry)) {
            InputException e = assertThrows(InputException.class,
                    () -> ModelExport.write(source, folder.resolve("other"), ExportOptions.defaults(), registry));
            assertTrue(e.getMessage().contains("element 7 of " + NORM) && e.getMessage().contains("NaN"),
                    e.getMessage());
        }
    }

    /** No command takes a checkpoint for a model folder; and a folder of something else is neither. */
    @Test
    void checkpointsAndModelsAreToldApart(@TempDir Path folder) throws IOException {
        try (ModelSource source = ModelSource.open(checkpoint, registry)) {
            assertEquals("deepseek_v3", source.modelName());
        }
        ConfigException asModel = assertThrows(ConfigException.class, () -> new ConfigLoader(registry).load(
                NamedConfigs.PLAIN, Arguments.of("model.from=" + checkpoint).overrides(), ConfigUse.running()));
        assertTrue(asModel.getMessage().contains("this is a checkpoint, or a run that has some; continue it with"
                + " checkpoint.resume, or make"), asModel.getMessage());
        assertTrue(refusal(folder).contains(
                "has no checkpoint, and no config.json; give a checkpoint, a run that has some, or a model folder"),
                refusal(folder));
        assertTrue(refusal(folder.resolve("not-there")).contains("does not exist; give a checkpoint"));
        try (Stream<Path> files = Files.list(checkpoint)) {
            assertTrue(
                    files.noneMatch(file -> file.toString().endsWith(".safetensors") || file.endsWith("config.json")));
        }
    }

    private String refusal(Path model) {
        InputException refused = assertThrows(InputException.class, () -> ModelSource.open(model, registry).close());
        return String.valueOf(refused.getMessage());
    }
}
