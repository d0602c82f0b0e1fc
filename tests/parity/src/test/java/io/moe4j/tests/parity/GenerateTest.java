package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.generate.GeneratedToken;
import io.moe4j.trainer.generate.Generation;
import io.moe4j.trainer.generate.GenerationRequest;
import io.moe4j.trainer.generate.Generator;
import io.moe4j.trainer.generate.StopReason;
import io.moe4j.trainer.generate.WeightSource;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.session.InferenceOptions;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Greedy continuations against those that Hugging Face's transformers made of the same weights, in single precision with its cache. */
class GenerateTest {
    /**
     * Logits agree within 1e-4 of the largest, as those of the whole forward pass do ({@link GoldenTest}); these are below 6. A logarithm of a
     * probability is a logit minus the logarithm of a sum of exponentials, which is off by no more than the logits are: twice 6e-4. The two best tokens
     * are always farther apart than that, so that the choice is the same.
     */
    private static final double BOUND = 1.2e-3;

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @CsvSource({"deepseek_v3, 256", "deepseek_v3, 3", "qwen3_moe, 256", "qwen3_moe, 1"})
    void continuationsAreThoseOfTransformers(String golden, int longestPass) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(Goldens.path(golden))) {
            Map<String, Object> config = JsonMapper.shared()
                    .readValue(Objects.requireNonNull(file.metadata().get("config")), new TypeReference<>() {});
            ModelSpec spec = registry.get(ModelProvider.class, golden).fromHuggingFace(config);
            try (Generator generator = Generator.open(spec, weights(file), registry,
                    InferenceOptions.onCpu(64).withLongestPass(longestPass))) {
                compareAll(golden + ".safetensors, param/", generator);
            }
        }
    }

    /** The folders are of bfloat16; read to single precision, as transformers did. */
    @ParameterizedTest
    @CsvSource({"v3, 256", "v3, 5", "qwen3, 256", "qwen3, 2"})
    void continuationsOfFoldersAreThoseOfTransformers(String folder, int longestPass) throws IOException {
        Path path = Goldens.path("deepseek_v3").resolveSibling("export").resolve(folder);
        try (ModelSource source = ModelSource.open(path, registry);
                Generator generator = Generator.open(source, registry,
                        InferenceOptions.onCpu(64).withLongestPass(longestPass))) {
            compareAll("export/" + folder, generator);
        }
    }

    private static void compareAll(String model, Generator generator) throws IOException {
        int compared = 0;
        for (JsonNode one : expected().path("models").path(model)) {
            compare(one, generator);
            compared++;
        }
        assertTrue(compared > 2, "compared " + compared);
    }

    private static void compare(JsonNode expected, Generator generator) {
        List<Integer> continuation = integers(expected.path("continuation"));
        Generation answer = generator.generate(
                GenerationRequest.of(integers(expected.path("prompt")), continuation.size()),
                token -> true);
        assertEquals(continuation, answer.ids());
        assertEquals(StopReason.MAX_TOKENS, answer.reason());
        assertTrue(expected.path("smallest_gap").doubleValue() > BOUND);
        for (int i = 0; i < continuation.size(); i++) {
            GeneratedToken token = answer.tokens().get(i);
            double off = Math.abs(token.logProbability() - expected.path("logprobs").get(i).doubleValue());
            assertTrue(off <= BOUND, token + " is off by " + off);
        }
    }

    private static List<Integer> integers(JsonNode array) {
        return array.valueStream().map(JsonNode::intValue).toList();
    }

    private static JsonNode expected() throws IOException {
        try (InputStream in = Objects.requireNonNull(GenerateTest.class.getResourceAsStream("generate.json"))) {
            return JsonMapper.shared().readTree(in);
        }
    }

    /** The tensors {@code param/…} of a golden. Qwen3's classes have no biases of experts: they are zero. */
    private static WeightSource weights(SafetensorsFile file) {
        return WeightSource.byName((name, from, into, at, count) -> {
            if (file.tensors().containsKey("param/" + name) || !name.endsWith("e_score_correction_bias")) {
                MemorySegment.copy(file.data("param/" + name), ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * from, into, at,
                        count);
            }
        });
    }
}
