package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.trainer.run.TrainingRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each rank sums the embedding's gradients of its own rows, if the gradients of all tokens have fewer bytes than the table's. The bits are those of tables that
 * are summed whole. With 61 words in fp32, four ranks do so with 8 tokens each (128 bytes for each column, the table has 244), and not with 32.
 */
class EmbeddingShardsTest {
    /**
     * Without clipping, since the norm is summed in another order where gradients are repeated; and with one microbatch, since replicas are summed after the
     * microbatches, and shards before.
     */
    private static final String COMMON = "training.steps=3 training.max_norm=1e9 training.local_batch_size=2"
            + " training.seq_len=4 parallelism.expert_parallel_degree=1 graph_capture.enable=false";
    private static final String SHARDS = "ranks=4 parallelism.data_parallel_shard_degree=4";
    private static final String REPLICAS = "ranks=4 parallelism.data_parallel_shard_degree=1"
            + " parallelism.data_parallel_replicate_degree=4";

    @ParameterizedTest
    @ValueSource(strings = {"", "training.dtype=bfloat16", "runtime.strict=true graph_capture.enable=true"})
    void bitsAreThoseOfWholeTables(String form) {
        assertEquals(bits(COMMON, REPLICAS, form), bits(COMMON, SHARDS, form));
    }

    /** A control of the comparison: other gradients are seen. */
    @Test
    void otherTokensHaveOtherBits() {
        assertNotEquals(bits(COMMON, SHARDS, ""), bits(COMMON, SHARDS, "training.seed=2"));
    }

    private static List<Object> bits(String... settings) {
        try (TrainingRun run = Tiny.open(Tiny.words(settings))) {
            List<Object> bits = new ArrayList<>(Tiny.losses(run));
            bits.add(Arrays.hashCode(run.tensors().read("model.embed_tokens.weight").values()));
            return bits;
        }
    }
}
