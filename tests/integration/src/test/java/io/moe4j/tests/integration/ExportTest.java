package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.safetensors.StoredType;
import io.moe4j.tests.integration.FolderCopy.Stored;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.model.ModelExport.Exported;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models are exported from runs and checkpoints, and runs start from them. */
class ExportTest {
    private static final ExportOptions SMALL_FILES = ExportOptions.defaults().withMostBytesOfFile(20_000);

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    /** Four ranks that share experts and shards write; two that do not share experts, and one, go on. */
    @Test
    void anotherRunStartsFromTheSameWeights() throws IOException {
        requireSameAfterwards(UnaryOperator.identity());
    }

    /** Embedding and head are one tensor, and no class of Qwen has experts' biases: without moved ones, none are written. */
    @Test
    void aTiedModelOfAnotherFamilyToo() throws IOException {
        requireSameAfterwards(Tiny::qwen, "moe.load_balance_coeff=0");
        FolderCopy written = FolderCopy.of(folder.resolve("model"));
        assertFalse(written.tensors.containsKey("lm_head.weight"));
        assertTrue(written.tensors.keySet().stream().noneMatch(name -> name.contains("bias")));
    }

    private void requireSameAfterwards(UnaryOperator<ModelSpec> model, String... overrides) throws IOException {
        Map<String, float[]> before;
        Path written = folder.resolve("model");
        String[] all = Stream.concat(Stream.of("training.steps=3"), Stream.of(overrides)).toArray(String[]::new);
        try (TrainingRun run = Tiny.openOther(model, all)) {
            Tiny.losses(run);
            before = tensors(run);
            Exported exported = run.export(written, SMALL_FILES).orElseThrow();
            assertEquals(List.of(), exported.remarks());
        }
        try (Stream<Path> beside = Files.list(folder)) {
            assertEquals(List.of(written), beside.toList(), "nothing temporary is left");
        }
        try (Stream<Path> files = Files.list(written)) {
            assertTrue(files.filter(file -> file.toString().endsWith(".safetensors")).count() > 2);
        }
        for (String ranks : List.of("ranks=1", "ranks=2 parallelism.data_parallel_shard_degree=2",
                "ranks=2 parallelism.data_parallel_shard_degree=2 parallelism.expert_parallel_degree=2 runtime.strict=true")) {
            try (TrainingRun run = openFrom(written, ranks.split(" "))) {
                requireEqual(before, tensors(run));
                assertTrue(Double.isFinite(run.step().loss()));
            }
        }
    }

    /** A checkpoint has the weights of its run; its own folder says which model it is of, also if the run started from a folder. */
    @Test
    void aCheckpointIsExportedWithoutItsRun() throws IOException {
        Path first = folder.resolve("first");
        Path checkpoints = folder.resolve("checkpoints");
        try (TrainingRun run = Tiny.open("training.steps=2")) {
            Tiny.losses(run);
            Path checkpoint = run.save(checkpoints);
            export(checkpoint, first, SMALL_FILES);
            requireEqual(tensors(run), floats(FolderCopy.of(first)));
        }
        Path second = folder.resolve("second");
        try (TrainingRun run = openFrom(first, "training.steps=1")) {
            run.step();
            export(run.save(folder.resolve("later")), second, SMALL_FILES);
            requireEqual(tensors(run), floats(FolderCopy.of(second)));
        }
        assertEquals(FolderCopy.of(first).config, FolderCopy.of(second).config);
    }

    /** The tokenizer's files and generation_config.json are copied from the folder that a run started from. */
    @Test
    void whatBelongsToTheModelComesAlong() throws IOException {
        Path first = folder.resolve("first");
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            run.export(first, ExportOptions.defaults());
        }
        List<String> kept = List.of("tokenizer.json", "tokenizer_config.json", "merges.txt", "chat_template.jinja",
                "additional_chat_templates/tool_use.jinja", "chat_templates/rag.jinja");
        for (String name : kept) {
            Files.createDirectories(first.resolve(name).getParent());
            Files.writeString(first.resolve(name), "{\"" + name + "\": 1}");
        }
        Files.writeString(first.resolve("additional_chat_templates/notes.txt"), "no template");
        Files.writeString(first.resolve("notes.txt"), "not the tokenizer's");
        Files.writeString(first.resolve("generation_config.json"), "{\"temperature\": 0.5}");
        Files.writeString(first.resolve("config.json"), Files.readString(first.resolve("config.json"))
                .replaceFirst("\\{",
                        "{\"initializer_range\": 0.03, \"auto_map\": {}, \"transformers_version\": \"4.40.0\","));
        Path second = folder.resolve("second");
        try (TrainingRun run = openFrom(first)) {
            export(run.save(folder.resolve("later")), second, ExportOptions.defaults());
        }
        for (String name : kept) {
            assertEquals(Files.readString(first.resolve(name)), Files.readString(second.resolve(name)));
        }
        assertFalse(Files.exists(second.resolve("notes.txt")));
        assertFalse(Files.exists(second.resolve("additional_chat_templates/notes.txt")));
        assertTrue(Files.readString(second.resolve("generation_config.json")).contains("\"temperature\" : 0.5"));
        String config = Files.readString(second.resolve("config.json"));
        assertTrue(config.contains("\"initializer_range\" : 0.03"), config);
        assertFalse(config.contains("auto_map") || config.contains("transformers_version"), config);
    }

    /** The run's own template takes the place of the default and of that for tools, which it has read with it; one of another name is kept. */
    @Test
    void anOwnTemplateReplacesThoseThatItWasReadInsteadOf() throws IOException {
        Path first = folder.resolve("first");
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            run.export(first, ExportOptions.defaults());
        }
        Files.writeString(first.resolve("tokenizer.json"), "{}");
        Files.writeString(first.resolve("tokenizer_config.json"), "{\"eos_token\": \"x\", \"chat_template\": ["
                + "{\"name\": \"default\", \"template\": \"old\"}, {\"name\": \"tool_use\", \"template\": \"old\"},"
                + "{\"name\": \"rag\", \"template\": \"of documents\"}]}");
        Files.createDirectory(first.resolve("additional_chat_templates"));
        Files.writeString(first.resolve("additional_chat_templates/tool_use.jinja"), "old");
        Files.writeString(first.resolve("additional_chat_templates/other.jinja"), "other");
        Path own = Files.writeString(folder.resolve("own.jinja"), "{{ messages }}");
        Path second = folder.resolve("second");
        try (TrainingRun run = openFrom(first, "data.chat_template=" + own)) {
            export(run.save(folder.resolve("later")), second, ExportOptions.defaults());
        }
        assertEquals("{{ messages }}", Files.readString(second.resolve("chat_template.jinja")));
        assertEquals("of documents", Files.readString(second.resolve("additional_chat_templates/rag.jinja")));
        assertEquals("other", Files.readString(second.resolve("additional_chat_templates/other.jinja")));
        assertFalse(Files.exists(second.resolve("additional_chat_templates/tool_use.jinja")));
        String config = Files.readString(second.resolve("tokenizer_config.json"));
        assertTrue(config.contains("\"chat_template\" : \"{{ messages }}\"") && config.contains("eos_token"), config);
    }

    /** Nearest, ties to even; and what has been rounded once stays as it is, from file to file and through a run in bfloat16. */
    @Test
    void bfloat16IsRoundedOnce() throws IOException {
        Path singles = folder.resolve("singles");
        Path halves = folder.resolve("halves");
        Path again = folder.resolve("again");
        Path trained = folder.resolve("trained");
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            run.step();
            run.export(singles, SMALL_FILES);
        }
        export(singles, halves, SMALL_FILES.withDtype(DType.BF16));
        export(halves, again, SMALL_FILES);
        try (TrainingRun run = openFrom(halves, "training.parameter_dtype=bfloat16")) {
            run.export(trained, ExportOptions.defaults());
        }
        FolderCopy from = FolderCopy.of(singles);
        FolderCopy rounded = FolderCopy.of(halves);
        from.tensors.forEach((name, tensor) -> {
            Stored half = rounded.tensors.get(name);
            if (name.endsWith("bias")) {
                assertArrayEquals(tensor.bytes(), half.bytes(), name);
                return;
            }
            assertEquals(StoredType.BF16, half.type(), name);
            ByteBuffer bytes = ByteBuffer.wrap(half.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            for (float value : tensor.floats()) {
                assertEquals(BFloat16.round(value), bytes.getShort(), name);
            }
        });
        requireSameBytes(rounded, FolderCopy.of(again));
        requireSameBytes(rounded, FolderCopy.of(trained));
    }

    @Test
    void biasesThatNoClassHasAreToldAndKept() throws IOException {
        Path written = folder.resolve("model");
        Map<String, float[]> before;
        try (TrainingRun run = Tiny.openOther(Tiny::qwen, "training.steps=2")) {
            Tiny.losses(run);
            before = tensors(run);
            List<String> remarks = run.export(written, SMALL_FILES).orElseThrow().remarks();
            assertEquals(2, remarks.size());
            assertTrue(remarks.getFirst().contains("which no published class does"), remarks.getFirst());
            assertTrue(remarks.getLast().contains("e_score_correction_bias"), remarks.getLast());
        }
        try (TrainingRun run = openFrom(written)) {
            requireEqual(before, tensors(run));
        }
    }

    /** The folder was free when the run began. Without checkpoints, what is trained would be lost with the export; before the last step, nothing is. */
    @Test
    void whatIsTrainedIsSavedWhereThePlaceOfTheModelHasBeenTaken() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "mine");
        Path kept = folder.resolve("model.checkpoint");
        Map<String, float[]> trained;
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            assertThrows(InputException.class, () -> run.export(model, SMALL_FILES));
            assertFalse(Files.exists(kept), "the control");
            run.step();
            trained = tensors(run);
            InputException taken = assertThrows(InputException.class, () -> run.export(model, SMALL_FILES));
            assertTrue(taken.getMessage().contains("exists already"), taken.getMessage());
        }
        assertEquals("mine", Files.readString(model.resolve("config.json")));
        export(kept, folder.resolve("later"), SMALL_FILES);
        requireEqual(trained, floats(FolderCopy.of(folder.resolve("later"))));
    }

    @Test
    void nothingIsEverReplaced() throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectories(model);
        Files.writeString(model.resolve("config.json"), "mine");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path part = Files.createDirectory(folder.resolve("locked.part"));
        try (TrainingRun run = Tiny.open("training.steps=1")) {
            InputException there = assertThrows(InputException.class, () -> run.export(model, SMALL_FILES));
            assertTrue(there.getMessage().contains("exists already"), there.getMessage());
            run.export(empty, SMALL_FILES);
            assertTrue(Files.exists(empty.resolve("config.json")));
            try (FileChannel channel = FileChannel.open(part.resolve(".lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE); FileLock lock = channel.lock()) {
                InputException held = assertThrows(InputException.class,
                        () -> run.export(folder.resolve("locked"), SMALL_FILES));
                assertTrue(lock.isValid() && held.getMessage().contains("written by another export"),
                        held.getMessage());
            }
        }
        assertEquals("mine", Files.readString(model.resolve("config.json")));
        // The checkpoint is kept if it could not be exported.
        export(folder.resolve("locked.checkpoint"), folder.resolve("later"), SMALL_FILES);
        requireSameBytes(FolderCopy.of(empty), FolderCopy.of(folder.resolve("later")));
        // What a killed export has left is removed by the next one.
        Files.writeString(part.resolve("model-00009-of-00009.safetensors"), "half");
        export(empty, folder.resolve("locked"), ExportOptions.defaults());
        assertFalse(Files.exists(part));
        try (Stream<Path> files = Files.list(folder.resolve("locked"))) {
            assertEquals(List.of("config.json", "generation_config.json", "model-00001-of-00001.safetensors",
                    "model.safetensors.index.json"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    private Exported export(Path from, Path to, ExportOptions options) {
        try (ModelSource source = ModelSource.open(from, registry)) {
            return ModelExport.write(source, to, options, registry);
        }
    }

    private TrainingRun openFrom(Path model, String... overrides) {
        String[] all = Stream.concat(Stream.of("model.from=" + model, "training.seq_len=16", "training.steps=6"),
                Stream.of(overrides)).toArray(String[]::new);
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN, Arguments.of(all).overrides(),
                ConfigUse.running());
        return Trainer.open(config, registry, RunOptions.threads(config).withData(Tiny.sequences(config)));
    }

    private static Map<String, float[]> tensors(TrainingRun run) {
        Map<String, float[]> values = new TreeMap<>();
        run.tensors().shapes().keySet().forEach(name -> values.put(name, run.tensors().read(name).values()));
        return values;
    }

    private static Map<String, float[]> floats(FolderCopy copy) {
        Map<String, float[]> values = new TreeMap<>();
        copy.tensors.forEach((name, tensor) -> values.put(name, tensor.floats()));
        return values;
    }

    /** In every bit. */
    private static void requireEqual(Map<String, float[]> expected, Map<String, float[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }

    private static void requireSameBytes(FolderCopy expected, FolderCopy found) {
        assertEquals(expected.tensors.keySet(), found.tensors.keySet());
        expected.tensors.forEach((name, tensor) -> {
            assertEquals(tensor.type(), found.tensors.get(name).type(), name);
            assertArrayEquals(tensor.bytes(), found.tensors.get(name).bytes(), name);
        });
    }
}
