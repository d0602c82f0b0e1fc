package io.moe4j.trainer.config;

import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigLoaderTest {
    private static final Map<String, Object> DENSE = Map.ofEntries(entry("model_type", "deepseek_v3"),
            entry("vocab_size", 61), entry("hidden_size", 32), entry("num_hidden_layers", 2),
            entry("first_k_dense_replace", 2), entry("num_attention_heads", 2), entry("intermediate_size", 40),
            entry("kv_lora_rank", 16), entry("qk_nope_head_dim", 8), entry("qk_rope_head_dim", 4),
            entry("v_head_dim", 8), entry("rms_norm_eps", 1e-5), entry("rope_theta", 10000),
            entry("max_position_embeddings", 256), entry("hidden_act", "silu"), entry("tie_word_embeddings", false),
            entry("attention_bias", false));

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    static List<String> names() {
        return NamedConfigs.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void namedConfigurationsAreValidAndComeBackFromToml(String name) throws IOException {
        TrainerConfig config = load(name, ConfigUse.planning());
        Path file = Files.writeString(folder.resolve("x.toml"), ConfigLoader.toml(config));
        assertEquals(config, load(file.toString(), ConfigUse.planning()));
    }

    @Test
    void theDefaultCanBeTrained() {
        TrainerConfig config = load(NamedConfigs.DEFAULT, ConfigUse.training());
        assertEquals(new ParallelismConfig(1, 4, 4), config.parallelism());
        assertEquals(4, config.ranks());
        assertEquals("full", config.activationCheckpoint().mode());
        assertTrue(config.graphCapture().enable());
        assertEquals("minimal_async_ep", config.model().moeCommBackend());
    }

    @Test
    void overridesTakeTheirPlacesInOrder() {
        TrainerConfig config = load(NamedConfigs.DEFAULT, ConfigUse.planning(), "--training.steps", "7", "--ranks=2",
                "--parallelism.expert_parallel_degree=1",
                "--training.steps=1_000", "--training.seed", "-3", "--training.dtype", "bfloat16",
                "--moe.receive_capacity", "1.5", "--moe.on_overflow", "drop", "--data.path", "x/y", "--runtime.strict",
                "--graph_capture.enable", "false", "--runtime.timeout", "2.5", "--optimizer.lr", "1e-4");
        assertEquals(1000, config.training().steps());
        assertEquals(new ParallelismConfig(1, 2, 1), config.parallelism());
        assertEquals(-3, config.training().seed());
        assertEquals(DType.BF16, config.training().dtype());
        assertEquals(ReceiveCapacity.factor(1.5), config.moe().receiveCapacity());
        assertEquals(Optional.of(OverflowAction.DROP), config.moe().onOverflow());
        assertEquals(Optional.of(Path.of("x/y")), config.data().path());
        assertEquals(new DeviceSettings(1, 0, true, Duration.ofMillis(2500), Optional.empty(), false, 100),
                config.runtime());
        assertEquals(new GraphCaptureConfig(false), config.graphCapture());
        assertEquals(1e-4, config.optimizer().lr());
    }

    @Test
    void argumentsThatAreNoOptionsAreKept() {
        Arguments arguments = Arguments.parse(List.of("a", "--ranks", "2", "b", "--runtime.strict", "c"));
        assertEquals(List.of("a", "b", "c"), arguments.others());
        assertEquals(List.of(new Arguments.Override("ranks", "2"), new Arguments.Override("runtime.strict", "true")),
                arguments.overrides());
    }

    /** The whole report, as people see it. */
    @Test
    void allProblemsAreReportedAtOnce() throws IOException {
        ConfigException e = assertThrows(ConfigException.class, () -> load(NamedConfigs.DEFAULT, ConfigUse.training(),
                "--training.steps", "0", "--trainnig.seq_len", "3", "--steps", "4", "--training", "5",
                "--training.local_batch_size", "many", "--training.seq_len", "200000", "--optimizer.lr", "nan",
                "--optimizer.beta1", "1", "--lr_scheduler.decay_type", "square", "--training.dtype", "float16",
                "--ranks", "3", "--parallelism.data_parallel_replicate_degree", "2",
                "--parallelism.expert_parallel_degree", "3", "--model.moe_comm_backend", "standart",
                "--activation_checkpoint.mode", "selective", "--moe.receive_capacity", "0", "--device", "tpu",
                "--data.path", "not/there", "--data.tokenizer", "words", "--checkpoint.resume", "nor/there"));
        // Where tests of several modules run together, the plug-in of other tokenizers is there too.
        assertEquals(expected("many-problems.txt"), e.getMessage().replace("[bytes, huggingface]", "[bytes]"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "--activation_checkpoint.mode none"
                    + " | model.moe_comm_backend = \"minimal_async_ep\", activation_checkpoint.mode = \"none\" | this backend needs full recompute",
            "--activation_checkpoint.memory_budget 4"
                    + " | activation_checkpoint.memory_budget = 4.0, activation_checkpoint.mode = \"full\" | ignores the budget",
            "--activation_checkpoint.memory_budget lots | --activation_checkpoint.memory_budget lots | \"auto\", or a number of GiB",
            "--activation_checkpoint.memory_budget -1 | --activation_checkpoint.memory_budget -1 | at least 0",
            "--activation_checkpoint.memory_budget nan | --activation_checkpoint.memory_budget nan | at least 0",
            "--model.moe_comm_backend standard | graph_capture.enable = true | waits on the host",
            "--model.moe_comm_backend standard --graph_capture.enable false --moe.dedup on"
                    + " | model.moe_comm_backend = \"standard\", moe.dedup = \"on\" | once for each expert",
            "--training.expert_dtype int8 | --training.expert_dtype int8 | one of float32, bfloat16, float8, auto",
            "--training.dense_dtype bf16"
                    + " | training.dense_dtype = \"bfloat16\", training.dtype = \"float32\" | the type of activations",
            "--training.keep_converted true | --training.keep_converted true | one of auto, on, off",
            "--training.keep_converted on"
                    + " | training.keep_converted = \"on\", training.dtype = \"float32\", training.parameter_dtype = \"float32\" | nothing is converted",
            "--moe.dispatch_dtype fp8"
                    + " | moe.dispatch_dtype = \"float8\", training.expert_dtype = \"auto\" | needs products of the same type",
            "--training.dense_dtype float8 --lora.rank 4 --checkpoint.enable false"
                    + " | training.dense_dtype = \"float8\", lora.rank = 4 | matrices with low-rank updates",
            "--lora.rank 4 --lora.alpha 1e30 --checkpoint.enable false"
                    + " | lora.alpha = 1.0E30, lora.rank = 4 | must lie between 0.00001 and 10000",
            "--training.mtp_loss_factor 1e30 | training.mtp_loss_factor = 1.0E30 | at most 10000",
            "--moe.router_z_coeff 1e30 | moe.router_z_coeff = 1.0E30 | between 0.0 and 10000.0",
            "--moe.dedup maybe | --moe.dedup maybe | one of auto, on, off",
            "--data.prompt_field text | data.prompt_field = \"text\", data.text_field = \"text\" | prompt and text are two keys",
            "--ranks 8 --parallelism.data_parallel_shard_degree 4"
                    + " | ranks = 8, parallelism.data_parallel_replicate_degree = 1, parallelism.data_parallel_shard_degree = 4 | which is 4",
            "--parallelism.expert_parallel_degree 8 | parallelism.expert_parallel_degree = 8 | must divide the shard degree",
            "--parallelism.expert_parallel_degree 0 | parallelism.expert_parallel_degree = 0 | at least 1",
            "--moe.receive_capacity balanced --moe.on_overflow fail | moe.receive_capacity = \"balanced\" | forced round-robin routing only",
            "--training.seq_len 4096 --moe.receive_capacity 1e-9"
                    + " | moe.receive_capacity = 1.0E-9 | a buffer of 1 rows would need up to 65,536 rounds",
            "--moe.receive_capacity 0 | --moe.receive_capacity 0 | above 0",
            "--moe.receive_capacity nan | --moe.receive_capacity nan | above 0",
            "--moe.receive_capacity 0.99 --moe.on_overflow fail"
                    + " | moe.receive_capacity = 0.99, moe.on_overflow = \"fail\" | does not even hold balanced routing",
            "--moe.on_overflow wait | --moe.on_overflow wait | one of fail, drop, rounds, auto",
            "--model.flavor 17B | model.flavor = \"17B\" | it has debugmodel, 16B_4layers, 16B, 236B, 671B",
            "--model.name llama | model.name = \"llama\" | known are [deepseek_v3, qwen3_moe]",
            "--model.expert_kernels fast | model.expert_kernels = \"fast\" | known are [swiglu, swiglu_portable]",
            "--training.seq_len 163841 | training.seq_len = 163841 | takes 1 to 163840",
            "--training.seq_len | --training.seq_len | it has no value",
            "--data.path --ranks 4 | --data.path | it has no value",
            "--runtime.strict yes | --runtime.strict yes | must be true or false",
            "--training.max_norm 0 | training.max_norm = 0.0 | above 0",
            "--optimizer.lr inf | optimizer.lr = Infinity | above 0",
            "--optimizer.beta2 0.99999999999 | optimizer.beta2 = 0.99999999999 | below 1",
            "--optimizer.weight_decay 1e300 | optimizer.weight_decay = 1.0E300 | single precision",
            "--optimizer.lr 1d | --optimizer.lr 1d | must be a number",
            "--optimizer.lr 0x1p-3 | --optimizer.lr 0x1p-3 | must be a number",
            "--optimizer.lr 1__0 | --optimizer.lr 1__0 | must be a number",
            "--runtime.timeout 5f | --runtime.timeout 5f | a number of seconds",
            "--moe.receive_capacity 2f | --moe.receive_capacity 2f | above 0",
            "--training.steps \u0661\u0662 | --training.steps \u0661\u0662 | a whole number",
            "--training.steps _1 | --training.steps _1 | a whole number",
            "--optimizer.eps 1e-60 | optimizer.eps = 1.0E-60 | single precision",
            "--optimizer.parameter_rounding stochastic | optimizer.parameter_rounding = \"stochastic\", training.parameter_dtype = \"float32\" | only bfloat16",
            "--checkpoint.keep_latest_k -1 | checkpoint.keep_latest_k = -1 | at least 0",
            "--runtime.threads 99999 | runtime.threads = 99999 | between 0",
            "--runtime.timeout 0 | --runtime.timeout 0 | at least 1e-9",
            "--runtime.timeout 1e-308 | --runtime.timeout 1e-308 | at least 1e-9",
            "--runtime.devices 0 | runtime.devices = 0 | at least 1",
            "--training.gradient_accumulation_steps 2147483647 | training.gradient_accumulation_steps = 2147483647 | can be addressed",
            "--training.global_batch_size 1073741824 | training.global_batch_size = 1073741824 | can be addressed",
            "--training.seq_len 16384 --training.local_batch_size 1073741824 --training.gradient_accumulation_steps 1048576"
                    + " | training.gradient_accumulation_steps = 1048576 | step has 18446744073709551616 tokens",
            "--ranks 0 | ranks = 0 | at least 1", "--ranks -3 | ranks = -3 | at least 1",
            "--ranks 0 --parallelism.data_parallel_shard_degree 4 --training.global_batch_size 8 | ranks = 0 | at least 1",
            "--device cuda --ranks 2097152 --parallelism.data_parallel_shard_degree 4 --runtime.devices 3 | ranks = 2097152 | at most 1048576",
            "--ranks 2097152 | ranks = 2097152 | at most 1048576",
            "--device cuda --runtime.devices 3 | runtime.devices = 3, ranks = 4 | each device takes the same number of ranks",
            "--runtime.collectives tcp | runtime.collectives = \"tcp\" | there is no collectives \"tcp\"",
            "--training.local_batch_size 100000000 | training.local_batch_size = 100000000, training.seq_len = 128 | fewer than 2^31"})
    void oneProblemIsOneProblem(String arguments, String values, String rule) {
        ConfigException e = assertThrows(ConfigException.class,
                () -> load(NamedConfigs.DEFAULT, ConfigUse.planning(), arguments.split(" ")));
        assertEquals(1, e.problems().size(), e.getMessage());
        assertTrue(e.problems().getFirst().values().contains(values), e.getMessage());
        assertTrue(e.problems().getFirst().rule().contains(rule), e.getMessage());
    }

    /** 2^20 ranks of 2^30 sequences and 2^14 microbatches have 2^64 sequences together, which are 0 in 64 bits. */
    @Test
    void sequencesOfAStepAreCountedExactly() {
        ConfigException e = assertThrows(ConfigException.class,
                () -> load(NamedConfigs.DEFAULT, ConfigUse.planning(), "--ranks", "1048576",
                        "--training.local_batch_size", "1073741824", "--training.gradient_accumulation_steps", "16384",
                        "--training.global_batch_size", "7"));
        assertTrue(e.getMessage().contains("16384 microbatches are 18446744073709551616 sequences"), e.getMessage());
    }

    /** The CPU is one device on every machine. Prices of a configuration for two GPUs are asked for on machines that have none. */
    @Test
    void moreDevicesThanTheCpuHasAreRefusedEverywhere() {
        for (ConfigUse use : List.of(ConfigUse.running(), ConfigUse.planning())) {
            ConfigException e = assertThrows(ConfigException.class,
                    () -> load(NamedConfigs.DEFAULT, use, "--runtime.devices", "2"));
            assertEquals(List.of(new Problem("runtime.devices = 2, device = \"cpu\"", "this process sees 1 of them",
                    "set runtime.devices to 1, or choose another device")), e.problems());
        }
        assertEquals(2, load(NamedConfigs.DEFAULT, ConfigUse.planning(), "--device", "cuda", "--runtime.devices", "2")
                .runtime().devices());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "[training]\\nsteps = \"10\" | training.steps = \"10\" (x.toml) | must be a whole number",
            "[training]\\nsteps = 1.5 | training.steps = 1.5 | must be a whole number",
            "[training]\\nsteps = 3000000000 | training.steps = 3000000000 | below 2^31",
            "[graph_capture]\\nenable = 1 | graph_capture.enable = 1 | true or false",
            "[optimiser]\\nlr = 1 | optimiser = {\"lr\":1} | there is no such key",
            "training = 3 | training = 3 | a section", "[training | x.toml, line 1: [training | not valid TOML",
            "ranks = 2\\nranks = 3\\nseed = 3 | x.toml, line 2: ranks = 3 | this key has a value already; remove one",
            "ranks = 2\\nranks = 3 | x.toml, line 2: ranks = 3 | this key has a value already; remove one",
            "[model]\\n[data]\\n[model]\\nname = 1 | x.toml, line 3: [model] | this section is there already; put",
            "ranks = 2\\n[ranks]\\na = 1 | x.toml, line 2: [ranks] | a name has a value already",
            "ranks =\\nseed = 3 | x.toml, line 1: ranks = | the line ends within a value; give the value",
            "ranks = 2 steps = 3 | x.toml, line 1: ranks = 2 steps = 3 | something follows the value; write one key",
            "ranks = 2\\ndevice = cpu | x.toml, line 2: device = cpu | neither a key nor a value; put texts into",
            "device = [\"cpu\"] | device = [\"cpu\"] | a text"})
    void filesAreCheckedToo(String toml, String values, String rule) throws IOException {
        Path file = Files.writeString(folder.resolve("x.toml"), toml.replace("\\n", "\n"));
        ConfigException e = assertThrows(ConfigException.class, () -> load(file.toString(), ConfigUse.planning()));
        assertEquals(1, e.problems().size(), e.getMessage());
        assertTrue(e.getMessage().replace(folder + "/", "").contains(values), e.getMessage());
        assertTrue(e.getMessage().contains(rule), e.getMessage());
    }

    @Test
    void anUnknownNameGivesTheNearest() {
        String message = assertThrows(ConfigException.class, () -> load("deepseek_v3_16b", ConfigUse.planning()))
                .getMessage();
        assertTrue(message.contains("the nearest is deepseek_v3_16b_minimal_async_ep"), message);
        message = assertThrows(ConfigException.class, () -> load("no.toml", ConfigUse.planning())).getMessage();
        assertTrue(message.contains("there is no such file"), message);
    }

    @ParameterizedTest
    @CsvSource({"trainnig.step, training.steps", "lr, optimizer.lr", "steps, training.steps",
            "optimizer.learning_rate, ''", "foo.bar, ''", "x, ''", "training.zzzzz, ''"})
    void onlyAKeyThatIsNearIsSuggested(String given, String nearest) {
        ConfigException e = assertThrows(ConfigException.class,
                () -> load(NamedConfigs.DEFAULT, ConfigUse.planning(), "--" + given, "1"));
        assertEquals(nearest.isEmpty() ? "no known key is near it: defaults.toml, in the package "
                + "io.moe4j.trainer.config, lists all of them" : "the nearest is " + nearest,
                e.problems().getFirst().remedy());
    }

    @Test
    void whatIsShownOfAValueIsShortAndObeyedByNoTerminal() {
        ConfigException e = assertThrows(ConfigException.class, () -> load(NamedConfigs.DEFAULT, ConfigUse.planning(),
                "--training.steps", "\u001b[2J\n" + "x".repeat(100_000)));
        assertTrue(e.getMessage().contains("\\u001b[2J\\u000axxx"), e.getMessage());
        assertTrue(e.getMessage().length() < 1000, e.getMessage());
    }

    @Test
    void pathsWithControlCharactersComeBackFromToml() throws IOException {
        TrainerConfig config = load(NamedConfigs.DEFAULT, ConfigUse.planning(), "--data.path",
                "a\tb\u001b\u0085\u2028 \"c\" \\ \u00e9\uD83D\uDE00");
        Path file = Files.writeString(folder.resolve("x.toml"), ConfigLoader.toml(config));
        assertEquals(config, load(file.toString(), ConfigUse.planning()));
    }

    @Test
    void whatIsNoConfigurationIsRefused() throws IOException {
        assertRefused(Files.write(folder.resolve("large.toml"), new byte[(1 << 20) + 1]), "at most 1048576");
        assertRefused(Files.write(folder.resolve("latin.toml"), new byte[] {'a', (byte) 0xE9}), "not text in UTF-8");
        assertRefused(Files.createDirectory(folder.resolve("folder.toml")), "is a folder, a pipe or a device");
        assertRefused(Path.of("/dev/zero"), "is a folder, a pipe or a device");
        assertRefused(Files.writeString(folder.resolve("many.toml"), IntStream.range(0, 5_000)
                .mapToObj(i -> "k" + i + "=1\n").collect(Collectors.joining())), "4900 more");
    }

    @Test
    void aFolderOfAnotherKindIsAnsweredWithTheKeyThatTakesIt() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "");
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        Path run = Files.createDirectories(folder.resolve("run/checkpoints/step-000000001")).getParent().getParent();
        assertMeant("checkpoint.resume", model, "start from it with model.from");
        assertMeant("checkpoint.resume", adapter, "continue them with lora.from");
        assertMeant("model.from", adapter, "continue them with lora.from");
        assertMeant("model.from", run, "continue it with checkpoint.resume");
        assertMeant("lora.from", run, "low-rank updates alone");
        assertMeant("lora.from", model, "start from it with model.from");
    }

    private void assertMeant(String key, Path given, String remedy) {
        ConfigException e = assertThrows(ConfigException.class,
                () -> load(NamedConfigs.DEFAULT, ConfigUse.training(), "--" + key, given.toString()));
        assertTrue(e.problems().getFirst().remedy().contains(remedy), e.getMessage());
    }

    private void assertRefused(Path file, String expected) {
        ConfigException e = assertThrows(ConfigException.class, () -> load(file.toString(), ConfigUse.planning()));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    /** With experts, none of these would do: no full recompute, host waits in a captured step, unknown ids. */
    @Test
    void aModelWithoutExpertsAsksNothingOfTheirPlugIns() {
        ModelSpec dense = registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(DENSE);
        assertTrue(dense.moe().isEmpty());
        for (String backend : List.of("minimal_async_ep", "standard", "not_there")) {
            String[] arguments = {"--model.moe_comm_backend", backend, "--activation_checkpoint.mode", "none",
                    "--graph_capture.enable", "true", "--moe.receive_capacity", "balanced"};
            assertThrows(ConfigException.class, () -> load(NamedConfigs.PLAIN, ConfigUse.running(), arguments));
            assertEquals(backend, load(NamedConfigs.PLAIN, ConfigUse.runningModel(dense), arguments).model()
                    .moeCommBackend());
        }
    }

    private TrainerConfig load(String name, ConfigUse use, String... arguments) {
        return new ConfigLoader(registry).load(name, Arguments.parse(Arrays.asList(arguments)).overrides(), use);
    }

    private static String expected(String name) throws IOException {
        try (InputStream in = ConfigLoaderTest.class.getResourceAsStream(name)) {
            assertNotNull(in, name);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        }
    }
}
