package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.app.parity.Parity;
import io.moe4j.app.parity.ParityReport;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits, gradients and a short training run against PyTorch's, in every way of running them. */
class GoldenTest {
    private static final String STANDARD = " --model.moe_comm_backend standard --graph_capture.enable false";

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"softmax, --ranks 1", "softmax, --graph_capture.enable false", "softmax, --ranks 2",
            "softmax, --ranks 2 --parallelism.expert_parallel_degree 2",
            "softmax, --ranks 2 --parallelism.data_parallel_replicate_degree 2",
            "softmax, --ranks 2 --parallelism.expert_parallel_degree 2 --runtime.strict",
            "softmax, --ranks 2 --parallelism.expert_parallel_degree 2" + STANDARD,
            "softmax, --activation_checkpoint.mode none" + STANDARD, "sigmoid_groups, --ranks 1",
            "sigmoid_groups, --ranks 4", "sigmoid_groups, --ranks 4 --parallelism.expert_parallel_degree 2",
            "sigmoid_groups, --ranks 4 --parallelism.expert_parallel_degree 4",
            "sigmoid_groups, --ranks 4 --parallelism.expert_parallel_degree 4 --graph_capture.enable false",
            "sigmoid_groups, --ranks 4 --parallelism.expert_parallel_degree 4" + STANDARD,
            "sigmoid_groups, --ranks 4 --parallelism.expert_parallel_degree 2 --parallelism.data_parallel_replicate_degree 2",
            "sigmoid_groups, --ranks 2 --parallelism.expert_parallel_degree 2 --runtime.strict"})
    void numbersAreThoseOfPyTorch(String golden, String overrides) {
        ParityReport report = compare(Goldens.path(golden), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(List.of("logits", "loss", "gradients", "tokens per expert", "loss curve", "gradient norm curve",
                "final expert biases", "final parameters (L2)"),
                report.lines().stream().map(ParityReport.Line::what).toList());
    }

    /** Other shapes: layers, groups, experts that all take part, one long sequence. */
    @ParameterizedTest
    @CsvSource({"all_experts, --ranks 2 --parallelism.expert_parallel_degree 2", "one_sequence, --ranks 1",
            "softmax_groups, --ranks 4 --parallelism.expert_parallel_degree 4",
            "softmax_groups, --ranks 2 --parallelism.expert_parallel_degree 2" + STANDARD})
    void numbersOfOtherShapesAreThoseOfPyTorch(String golden, String overrides) {
        ParityReport report = compare(Goldens.path(golden), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(8, report.lines().size());
    }

    /**
     * Computed by Hugging Face's own classes: DeepSeek-V2, whose groups are worth their best expert, and Qwen3-MoE have no biases; in the mixed one
     * the first layer is dense, and the embedding is the head's projection too.
     */
    @ParameterizedTest
    @CsvSource({"deepseek_v2_groups, --ranks 1", "deepseek_v2_groups, --ranks 4 --parallelism.expert_parallel_degree 4",
            "qwen3_moe, --ranks 1", "qwen3_moe, --ranks 4 --parallelism.expert_parallel_degree 4",
            "qwen3_moe, --ranks 2 --parallelism.expert_parallel_degree 2" + STANDARD,
            "qwen3_moe, --activation_checkpoint.mode none" + STANDARD, "qwen3_moe_mixed, --ranks 1",
            "qwen3_moe_mixed, --ranks 4 --parallelism.expert_parallel_degree 2 --runtime.strict",
            "qwen3_moe_mixed, --activation_checkpoint.mode none" + STANDARD,
            "qwen3_moe_mixed, --ranks 4 --parallelism.data_parallel_replicate_degree 2"})
    void numbersAreThoseOfHuggingFace(String golden, String overrides) {
        ParityReport report = compare(Goldens.path(golden), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(7, report.lines().size());
    }

    @ParameterizedTest
    @CsvSource({"--ranks 1", "--ranks 4 --parallelism.expert_parallel_degree 4"})
    void numbersOfTheThirdDeepSeekAreThoseOfHuggingFace(String overrides) {
        ParityReport report = compare(Goldens.path("deepseek_v3"), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(8, report.lines().size());
    }

    /** Small ones with settings that the others do not have; make_hf.py says which. */
    @ParameterizedTest
    @CsvSource({"deepseek_v3_linear, 8", "deepseek_v3_halves, 8", "deepseek_v2_llama3, 7", "qwen3_moe_one, 7"})
    void numbersOfFurtherSettingsAreThoseOfHuggingFace(String golden, int lines) {
        ParityReport report = compare(Goldens.path(golden), "--ranks 2");
        assertTrue(report.holds(), report.text());
        assertEquals(lines, report.lines().size());
    }

    /** A gradient that is zero but for rounding, below 2⁻²³ of the largest one, is compared with that rounding: what is larger, or NaN, is seen. */
    @ParameterizedTest
    @CsvSource({"1e-9, true", "1e-3, false", "NaN, false"})
    void whatIsMoreThanRoundingIsSeen(float value, boolean holds) {
        Path other = Goldens.changed("qwen3_moe_one", folder, "grad/model.layers.1.mlp.gate.weight",
                bytes -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, value));
        assertEquals(holds ? List.of() : List.of("gradients"), broken(other));
    }

    @ParameterizedTest
    @CsvSource({"--ranks 1", "--ranks 4", "--ranks 2" + STANDARD})
    void aModelWithoutExpertsIsCompared(String overrides) {
        ParityReport report = compare(Goldens.path("dense_only"), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(List.of("logits", "loss", "gradients", "loss curve", "gradient norm curve",
                "final parameters (L2)"), report.lines().stream().map(ParityReport.Line::what).toList());
    }

    /** A fault, also a NaN, is found by the comparison that is made for it, and by no other. */
    @ParameterizedTest
    @CsvSource({"logits, logits", "loss, loss", "gradients, grad/model.layers.2.mlp.experts.7.up_proj.weight",
            "loss curve, train/loss", "gradient norm curve, train/grad_norm",
            "final expert biases, train/e_score_correction_bias/1",
            "final parameters (L2), train/param/model.layers.1.mlp.experts.3.down_proj.weight"})
    void whatIsWrongIsSeen(String what, String tensor) {
        Path other = Goldens.changed("softmax", folder, tensor, bytes -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0,
                1.1f * bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0) + 0.01f));
        assertEquals(List.of(what), broken(other));
        Path none = Goldens.changed("softmax", folder, tensor,
                bytes -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, Float.NaN));
        assertEquals(List.of(what), broken(none));
    }

    @Test
    void oneTokenMoreForAnExpertIsSeen() {
        Path other = Goldens.changed("softmax", folder, "tokens_per_expert/1", bytes -> bytes
                .set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 1 + bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)));
        assertEquals(List.of("tokens per expert"), broken(other));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"--ranks 3 | the batch of 2 sequences is split over the ranks by whole sequences",
                    "--training.steps 3 | training.steps: fixed by the golden file",
                    "--ranks 2 --parallelism.expert_parallel_degree 4 | must divide the shard degree",
                    "--optimiser.lr 3 | there is no such key"})
    void whatCannotBeComparedIsRefused(String overrides, String expected) {
        InputException e = assertThrows(InputException.class, () -> compare(Goldens.path("softmax"), overrides));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    private List<String> broken(Path path) {
        return compare(path, "--ranks 1").lines().stream().filter(line -> !line.holds())
                .map(ParityReport.Line::what).toList();
    }

    private ParityReport compare(Path path, String overrides) {
        return new Parity(registry).compare(path, NamedConfigs.PLAIN,
                Arguments.parse(List.of(overrides.split(" "))).overrides());
    }
}
