package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlanCommandTest {

    @Test
    void theCommandPrintsATableAndAnObject() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), "plan", "--config",
                "deepseek_v3_16b_minimal_async_ep"), err::toString);
        for (String expected : new String[] {"memory of rank 0, which needs the most", "optimizer state",
                "receive buffer: activations",
                "gathered parameters", "dispatch adjoint",
                "15,706,484,224"}) {
            assertTrue(out.toString().contains(expected), expected + " is not in\n" + out);
        }
        StringWriter json = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(json), new PrintWriter(err), "plan", "--json"), err::toString);
        assertTrue(json.toString().contains("\"memory_bytes_by_purpose\" : {"), json::toString);
    }

    /** One family reads both types: a plan names that of the folder, as the run does. */
    @Test
    void aFolderIsNamedByItsOwnType(@TempDir Path models) throws IOException {
        Path folder = Files.createDirectories(models.resolve("small"));
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "deepseek_v2", "vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 2,
                 "first_k_dense_replace": 1, "intermediate_size": 64, "rms_norm_eps": 1e-6,
                 "max_position_embeddings": 256, "num_attention_heads": 2, "num_key_value_heads": 2,
                 "q_lora_rank": null, "kv_lora_rank": 32, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8,
                 "v_head_dim": 16, "moe_intermediate_size": 32, "n_routed_experts": 4, "num_experts_per_tok": 2,
                 "n_shared_experts": 1, "scoring_func": "softmax", "topk_method": "greedy", "n_group": 1,
                 "topk_group": 1, "norm_topk_prob": false, "routed_scaling_factor": 1.0, "rope_theta": 10000}
                """);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(err), "plan", "--model.from", folder.toString()),
                err::toString);
        assertTrue(out.toString().contains(" deepseek_v2 of small, "), out::toString);
    }
}
