package io.moe4j.app.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import io.moe4j.app.launcher.ProjectFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands, on a tiny model with short sequences. */
class BenchCommandsTest {
    private static final String MODES = " dispatch_dedup_off combine_adjoint_dedup_off dispatch_dedup_on combine_adjoint_dedup_on";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "step | step_eager step_captured",
            "step --graph_capture.enable false | step_eager",
            "moe | plan dispatch gate_up_product swiglu down_product combine combine_adjoint down_input_gradient"
                    + " down_weight_gradient swiglu_backward gate_up_weight_gradient gate_up_input_gradient"
                    + " dispatch_adjoint",
            "exchange | plan dispatch combine combine_adjoint dispatch_adjoint layer_exchanges" + MODES,
            "exchange --graph_capture.enable false --moe.receive_capacity balanced --moe.force_load_balance true"
                    + " | plan dispatch combine combine_adjoint dispatch_adjoint layer_exchanges" + MODES,
            "exchange --moe.receive_capacity 1.25"
                    + " | plan dispatch combine combine_adjoint dispatch_adjoint layer_exchanges" + MODES,
            "moe --moe.receive_capacity 0.5 | plan dispatch gate_up_product swiglu down_product combine combine_adjoint"
                    + " down_input_gradient down_weight_gradient swiglu_backward gate_up_weight_gradient"
                    + " gate_up_input_gradient dispatch_adjoint",
            "rounds | even_worst_case even_rounds one_rank_worst_case one_rank_rounds",
            "swiglu | swiglu swiglu_backward swiglu_exact_capacity swiglu_backward_exact_capacity",
            "grouped-mm --ranks 2 --parallelism.expert_parallel_degree 2 | gate_up_product gate_up_input_gradient"
                    + " gate_up_weight_gradient down_product down_input_gradient down_weight_gradient"
                    + " gate_up_product_exact_capacity gate_up_input_gradient_exact_capacity"
                    + " gate_up_weight_gradient_exact_capacity down_product_exact_capacity"
                    + " down_input_gradient_exact_capacity down_weight_gradient_exact_capacity",
            "attention --training.local_batch_size 2 | attention attention_backward"})
    void eachPartHasItsTimeBesideItsFloor(String command, String parts) {
        JsonNode report = json(command);
        assertEquals(command.split(" ")[0], report.get("benchmark").asString());
        double copy = report.get("copy_bytes_per_second").asDouble();
        double product = report.get("matmul_flops_per_second").asDouble();
        List<String> names = new ArrayList<>();
        report.get("parts").forEach(part -> {
            names.add(part.get("name").asString());
            double median = part.get("median_s").asDouble();
            double floor = part.get("floor_s").asDouble();
            assertTrue(part.get("min_s").asDouble() > 0 && part.get("min_s").asDouble() <= median, part.toString());
            // One rounding for each quotient.
            assertEquals(Math.max(part.get("bytes").asDouble() / copy, part.get("flops").asDouble() / product), floor,
                    0x1p-50 * floor);
            assertEquals(median / floor, part.get("ratio").asDouble(), 0x1p-50 * median / floor);
            assertTrue(part.get("peer_s") == null, part.toString());
        });
        assertEquals(List.of(parts.split(" ")), names);
    }

    @Test
    void besideAPeerEachPartHasItsRatio() throws IOException {
        Path peers = Files.writeString(folder.resolve("peers.json"), """
                {"device": "cpu:0", "shape": {"tokens_per_rank": 16, "dim": 16},
                 "parts": [{"name": "swiglu", "median_s": 0.5, "by": "hand"}]}""");
        JsonNode parts = json("swiglu --peers " + peers).get("parts");
        assertEquals(0.5, parts.get(0).get("peer_s").asDouble());
        assertEquals("hand", parts.get(0).get("peer").asString());
        assertEquals(parts.get(0).get("median_s").asDouble() / 0.5, parts.get(0).get("ratio_to_peer").asDouble());
        assertTrue(parts.get(1).get("peer_s") == null, parts.toString());

        assertEquals(2, run("swiglu --training.seq_len 8 --training.local_batch_size 1 --peers " + peers));
        assertTrue(err.toString().contains("has tokens_per_rank 16, and here it is 8"), err.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "exchange --model.moe_comm_backend standard --graph_capture.enable false | bench moe",
            "swiglu --ranks 3 --parallelism.expert_parallel_degree 1 | do not divide the 8 experts",
            "swiglu --peers no.json | no.json does not exist"})
    void whatCannotBeTimedIsRefused(String command, String expected) {
        assertTrue(run(command) != 0);
        assertTrue(err.toString().contains(expected), err.toString());
    }

    private JsonNode json(String command) {
        assertEquals(0, run(command + " --training.seq_len 16 --training.local_batch_size 1 --json"), err.toString());
        return JsonMapper.shared().readTree(out.toString());
    }

    private int run(String command) {
        List<String> arguments = new ArrayList<>(List.of("bench"));
        arguments.addAll(List.of((command + " --warmup 0 --iterations 2 --calls 2").split(" ")));
        arguments.addAll(List.of("--model.from", ProjectFiles.tinyModel(), "--data.tokenizer", "bytes"));
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
    }
}
