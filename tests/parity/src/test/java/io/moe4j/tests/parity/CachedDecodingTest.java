package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.InferenceOptions;
import io.moe4j.trainer.session.InferenceRank;
import io.moe4j.trainer.session.InferenceSession;
import io.moe4j.trainer.step.Batch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Generating with a cache gives the logits of the forward pass over the whole sequence, however the sequence is cut into passes. */
class CachedDecodingTest {
    private static final long SEED = 20261128;
    /**
     * Both compute in fp32, in another order: a sum of n terms is off by at most n · 2⁻²⁴ of the sum of their sizes, by some √n of that usually. The
     * longest sum has some 200 terms, and a token passes through some 40 sums: 40 · √200 · 2⁻²⁴ = 3.4e-5 of the largest logit. Latent attention in its
     * absorbed form multiplies in another order.
     */
    private static final double BOUND = 4e-5;

    private final Registry registry = Plugins.load(List.of());

    @Test
    void cachedIsTheWholeForwardPassWhateverTheChunks() {
        Random random = new Random(SEED);
        for (int round = 0; round < 8; round++) {
            Map<String, Object> config = round % 2 == 0 ? deepSeek(random) : qwen(random);
            int tokens = 1 + random.nextInt(40);
            int[] ids = random.ints(tokens, 0, 64).toArray();
            String what = "seed " + SEED + ", round " + round + ", " + tokens + " tokens of " + config;
            ModelSpec spec = registry.get(ModelProvider.class, (String) config.get("model_type"))
                    .fromHuggingFace(config);
            float[] whole = wholeForward(spec, new RandomWeights(round), ids);
            for (int longest = tokens; longest >= 1; longest = longest > 4 ? longest / 2 : longest - 1) {
                InferenceOptions options = InferenceOptions.onCpu(tokens).withLongestPass(longest).withThreads(1)
                        .withStrict(round < 4).withExperts(round % 4 < 2 ? "minimal_async_ep" : "standard", "swiglu");
                try (InferenceSession session = InferenceSession.open(spec, registry, options)) {
                    String passes = what + ", passes of up to " + longest;
                    int seed = round;
                    session.call(rank -> {
                        new RandomWeights(seed).load(rank.context(), rank.model());
                        compare(passes, rank, ids, whole);
                        return rank;
                    });
                }
            }
        }
    }

    /** Earlier answers have no influence. */
    @Test
    void aTruncatedSequenceGoesOnAsIfTheRestHadNeverBeen() {
        ModelSpec spec = registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(deepSeek(new Random(1)));
        try (InferenceSession session = InferenceSession.open(spec, registry, InferenceOptions.onCpu(20))) {
            session.call(rank -> {
                new RandomWeights(1).load(rank.context(), rank.model());
                rank.append(new int[] {1, 2, 3, 4, 5});
                float[] expected = rank.append(new int[] {6});
                rank.append(new int[] {7, 8, 9});
                rank.sequence().truncate(5);
                assertEquals(5, rank.sequence().length());
                assertEquals(0, farthest(expected, 0, rank.append(new int[] {6})));
                rank.sequence().truncate(0);
                assertThrows(IllegalArgumentException.class, () -> rank.sequence().truncate(1));
                rank.append(new int[20]);
                IllegalArgumentException full = assertThrows(IllegalArgumentException.class,
                        () -> rank.append(new int[1]));
                assertTrue(full.getMessage().contains("1 tokens after 20: the cache has room for 20"),
                        full.getMessage());
                assertEquals(20 * spec.cacheBytesPerToken(DType.F32).orElseThrow(), rank.sequence().cacheBytes());
                return rank;
            });
        }
    }

    /** The logits of all tokens, by a model that was opened for training. */
    private float[] wholeForward(ModelSpec spec, RandomWeights weights, int[] ids) {
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of("ranks=1", "training.local_batch_size=1", "training.seq_len=" + ids.length).overrides(),
                ConfigUse.runningModel(spec));
        float[] whole = new float[ids.length * 64];
        try (TrainingRun run = Trainer.open(config, spec, registry,
                RunOptions.threads(config).withData((number, read) -> () -> new Batch(ids, ids)))) {
            run.session().onRanks(rank -> {
                weights.load(rank.context(), rank.model());
                try (Memory in = rank.context().device().allocate(4L * ids.length, "test");
                        Memory out = rank.context().device().allocate(4L * whole.length, "test");
                        Scope step = rank.context().memory().openStep()) {
                    Tensor ids_T = Tensor.of(in, 0, DType.I32, ids.length);
                    Tensor logits_TV = Tensor.of(out, 0, DType.F32, ids.length, 64);
                    rank.context().stream().upload(MemorySegment.ofArray(ids), ids_T);
                    rank.model().logits(ids_T, logits_TV);
                    rank.context().stream().download(logits_TV, MemorySegment.ofArray(whole));
                }
                return rank;
            });
        }
        return whole;
    }

    /** The logits after passes of random length, each against its row of the whole. */
    private static void compare(String what, InferenceRank rank, int[] ids, float[] whole) {
        Random random = new Random(SEED + ids.length);
        double largest = 0;
        for (float logit : whole) {
            largest = Math.max(largest, Math.abs(logit));
        }
        List<Integer> passes = new ArrayList<>();
        for (int done = 0; done < ids.length;) {
            int next = random.nextBoolean() ? 1 : 1 + random.nextInt(ids.length - done);
            passes.add(next);
            float[] logits = rank.append(Arrays.copyOfRange(ids, done, done + next));
            done += next;
            double off = farthest(whole, (done - 1) * 64, logits);
            assertTrue(off <= BOUND * largest,
                    what + ", " + passes + ": off by " + off + ", the largest is " + largest);
        }
    }

    /** NaN is infinitely far. */
    private static double farthest(float[] expected, int from, float[] actual) {
        double farthest = 0;
        for (int i = 0; i < actual.length; i++) {
            double off = Math.abs((double) expected[from + i] - actual[i]);
            farthest = Double.isNaN(off) ? Double.POSITIVE_INFINITY : Math.max(farthest, off);
        }
        return farthest;
    }

    private static Map<String, Object> common(Random random, String type) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model_type", type);
        config.put("vocab_size", 64);
        config.put("hidden_size", 32 + 8 * random.nextInt(4));
        config.put("num_hidden_layers", 1 + random.nextInt(3));
        config.put("intermediate_size", 24 + 8 * random.nextInt(3));
        config.put("moe_intermediate_size", 8 + 8 * random.nextInt(3));
        config.put("num_experts_per_tok", 1 + random.nextInt(3));
        config.put("max_position_embeddings", 128);
        config.put("rms_norm_eps", 1e-6);
        config.put("rope_theta", 10000.0);
        config.put("norm_topk_prob", random.nextBoolean());
        config.put("tie_word_embeddings", random.nextBoolean());
        return config;
    }

    private static Map<String, Object> deepSeek(Random random) {
        Map<String, Object> config = common(random, "deepseek_v3");
        int heads = 1 + random.nextInt(4);
        config.put("num_attention_heads", heads);
        config.put("num_key_value_heads", heads);
        config.put("q_lora_rank", random.nextBoolean() ? null : (Object) 24);
        config.put("kv_lora_rank", 16 + 8 * random.nextInt(3));
        config.put("qk_nope_head_dim", 8 + random.nextInt(3));
        config.put("qk_rope_head_dim", 4 + 4 * random.nextInt(2));
        config.put("v_head_dim", 8 + random.nextInt(5));
        config.put("first_k_dense_replace", random.nextInt(2));
        config.put("moe_layer_freq", 1);
        config.put("n_routed_experts", 8);
        config.put("n_shared_experts", random.nextInt(3));
        config.put("n_group", random.nextBoolean() ? 4 : 1);
        config.put("topk_group", config.get("n_group").equals(4) ? 2 : 1);
        config.put("routed_scaling_factor", 1.5);
        config.put("scoring_func", "sigmoid");
        config.put("topk_method", "noaux_tc");
        config.put("hidden_act", "silu");
        config.put("tie_word_embeddings", false);
        return config;
    }

    private static Map<String, Object> qwen(Random random) {
        Map<String, Object> config = common(random, "qwen3_moe");
        int keyHeads = 1 + random.nextInt(2);
        config.put("num_attention_heads", keyHeads * (1 + random.nextInt(3)));
        config.put("num_key_value_heads", keyHeads);
        config.put("head_dim", 8 + 4 * random.nextInt(3));
        config.put("num_experts", 8);
        config.put("decoder_sparse_step", 1);
        config.put("mlp_only_layers", random.nextBoolean() ? List.of(0) : List.of());
        config.put("hidden_act", "silu");
        return config;
    }
}
