package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.app.parity.Parity;
import io.moe4j.app.parity.ParityReport;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Multi-token prediction against PyTorch's numbers, which make_mtp.py has written. */
class PredictionTest {
    private static final String STANDARD = " --model.moe_comm_backend standard --graph_capture.enable false";

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"mtp_1, --ranks 1", "mtp_1, --ranks 2 --parallelism.expert_parallel_degree 2 --runtime.strict",
            "mtp_2, --ranks 4 --parallelism.expert_parallel_degree 4 --graph_capture.enable false",
            "mtp_2, --ranks 4 --parallelism.expert_parallel_degree 2 --parallelism.data_parallel_replicate_degree 2",
            "mtp_2, --ranks 1 --activation_checkpoint.mode none" + STANDARD})
    void numbersAreThoseOfPyTorch(String golden, String overrides) {
        ParityReport report = compare(Goldens.path(golden), overrides);
        assertTrue(report.holds(), report.text());
        assertEquals(List.of("logits", "loss", "gradients", "tokens per expert", "loss curve", "multi-token losses",
                "gradient norm curve", "final expert biases", "final parameters (L2)"),
                report.lines().stream().map(ParityReport.Line::what).toList());
    }

    /** Numbers that moe4j would compute if it had one of these faults: they differ from the right ones by more than twice what the comparison allows. */
    @ParameterizedTest
    @ValueSource(strings = {"token_shifted", "target_shifted", "no_token_norm", "no_hidden_norm", "no_head_norm",
            "swapped", "before_final_norm", "own_count"})
    void faultsAreFarAway(String fault) {
        try (SafetensorsFile right = SafetensorsFile.open(Goldens.path("mtp_1"));
                SafetensorsFile wrong = SafetensorsFile.open(Goldens.path("mtp_faults"))) {
            for (String tensor : List.of("train/mtp_loss", "grad/model.embed_tokens.weight")) {
                float[] a = right.data(tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                float[] b = wrong.data(fault + "/" + tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                double largest = 0;
                double difference = 0;
                for (int i = 0; i < a.length; i++) {
                    largest = Math.max(largest, Math.abs(a[i]));
                    difference = Math.max(difference, Math.abs(a[i] - b[i]));
                }
                // What sums are divided by changes the gradients, and the losses of later steps only through them.
                boolean seen = !fault.equals("own_count") || tensor.startsWith("grad/");
                assertTrue(!seen || difference > 2e-3 * largest, tensor + ": " + difference + " of " + largest);
            }
        }
    }

    /** The comparison finds that they are wrong. */
    @ParameterizedTest
    @CsvSource({"token_shifted, train/mtp_loss, multi-token losses",
            "no_hidden_norm, grad/model.layers.2.hnorm.weight, gradients"})
    void faultsAreSeen(String fault, String tensor, String what) {
        try (SafetensorsFile faults = SafetensorsFile.open(Goldens.path("mtp_faults"))) {
            Path wrong = Goldens.changed("mtp_1", folder, tensor,
                    bytes -> bytes.copyFrom(faults.data(fault + "/" + tensor)));
            assertEquals(List.of(what), compare(wrong, "--ranks 1").lines().stream().filter(line -> !line.holds())
                    .map(ParityReport.Line::what).toList());
        }
    }

    private ParityReport compare(Path path, String overrides) {
        return new Parity(registry).compare(path, NamedConfigs.PLAIN,
                Arguments.parse(List.of(overrides.split(" "))).overrides());
    }
}
