package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.generate.Generation;
import io.moe4j.trainer.generate.GenerationRequest;
import io.moe4j.trainer.generate.Generator;
import io.moe4j.trainer.generate.WeightSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.session.InferenceOptions;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Generating on a GPU gives the tokens of the CPU, with passes of any size and any communication backend. */
@Tag("gpu")
@Timeout(300)
final class GenerateGpuTest {
    private static final int TOKENS = 24;
    /**
     * Both compute in fp32, in another order: a token passes through some 100 sums of at most 1024 terms, each of which is usually off by √1024 · 2⁻²⁴ of
     * its size; logits are below 20, and a logarithm of a probability is off by at most twice what they are: 2 · 20 · 100 · 32 · 2⁻²⁴ = 7.6e-3. Products
     * on a GPU keep all bits of fp32.
     */
    private static final double BOUND = 7.6e-3;

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @CsvSource({"deepseek_v3, minimal_async_ep, 256", "deepseek_v3, standard, 7", "qwen3_moe, minimal_async_ep, 5",
            "qwen3_moe, standard, 256"})
    void aGpuSaysWhatTheCpuSays(String family, String exchange, int longestPass) {
        ModelSpec spec = registry.get(ModelProvider.class, family).flavor("debugmodel");
        Generation onCpu = answer(spec, InferenceOptions.onCpu(128));
        Generation onGpu = answer(spec, InferenceOptions.onCpu(128).withDevice("cuda", 0)
                .withExperts(exchange, "swiglu").withLongestPass(longestPass));
        for (int i = 0; i < TOKENS; i++) {
            double off = Math.abs(onCpu.tokens().get(i).logProbability() - onGpu.tokens().get(i).logProbability());
            if (!onCpu.ids().get(i).equals(onGpu.ids().get(i))) {
                // Two tokens were equally probable within the bound; the texts differ from here on.
                assertTrue(off <= BOUND && i > 0, "token " + i + " of " + onCpu + " and " + onGpu);
                return;
            }
            assertTrue(off <= BOUND, "token " + i + " is off by " + off);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3", "qwen3_moe"})
    void bfloat16IsReproducible(String family) {
        ModelSpec spec = registry.get(ModelProvider.class, family).flavor("debugmodel");
        InferenceOptions options = InferenceOptions.onCpu(128).withDevice("cuda", 0).withDtype(DType.BF16);
        List<Integer> ids = answer(spec, options).ids();
        assertEquals(TOKENS, ids.size());
        assertEquals(ids, answer(spec, options).ids());
    }

    private Generation answer(ModelSpec spec, InferenceOptions options) {
        List<Integer> prompt = new Random(7).ints(40, 0, 256).boxed().toList();
        try (Generator generator = Generator.open(spec, weights(), registry, options)) {
            return generator.generate(GenerationRequest.of(prompt, TOKENS), token -> true);
        }
    }

    /** Numbers that depend on name and element alone. */
    private static WeightSource weights() {
        return WeightSource.byName((name, from, into, at, count) -> {
            double middle = name.contains("norm") ? 1 : 0;
            double spread = name.contains("norm") ? 0.2 : name.contains("embed") ? 1 : 0.06;
            for (int i = 0; i < count; i++) {
                long bits = ElementwiseOps.mix(name.hashCode() * 0x9E37_79B9_7F4A_7C15L + from + i) >> 11;
                into[at + i] = (float) (middle + spread * bits * 0x1p-52);
            }
        });
    }
}
