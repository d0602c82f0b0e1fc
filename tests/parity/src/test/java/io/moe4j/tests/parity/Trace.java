package io.moe4j.tests.parity;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * The bits of a run: losses and gradient norms of each step, and all parameters at its end.
 *
 * @param losses the losses by step, then the norms
 * @param weights the parameters, by name and first element
 */
record Trace(List<Long> losses, Map<String, List<Integer>> weights) {
    private static final int VOCABULARY = 61;

    /** Runs a small model for four steps, on batches that depend on rank and step only. */
    static Trace of(Registry registry, long seed, String overrides) {
        ModelSpec spec = registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(config());
        List<Arguments.Override> all = new ArrayList<>(Arguments.of("training.steps=4", "training.seq_len=24",
                "training.local_batch_size=2", "optimizer.lr=1e-2", "training.seed=" + seed).overrides());
        all.addAll(Arguments.parse(List.of(overrides.split(" "))).overrides());
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN, all, ConfigUse.runningModel(spec));
        List<Long> losses = new ArrayList<>();
        Map<String, List<Integer>> weights = new TreeMap<>();
        try (TrainingRun run = Trainer.open(config, spec.withMoeCommBackend(config.model().moeCommBackend()), registry,
                RunOptions.threads(config).withData((rank, read) -> {
                    Random random = new Random(seed * 1000 + rank);
                    return () -> batch(random, (int) config.training().localTokens() * config.microbatches());
                }))) {
            while (run.hasNext()) {
                StepResult result = run.step();
                losses.add(Double.doubleToRawLongBits(result.loss()));
                losses.add(Double.doubleToRawLongBits(result.gradientNorm()));
            }
            run.session().onRanks(rank -> {
                rank.model().units().forEach(unit -> unit.read(unit.shard(), (parameter, from, values, count) -> {
                    List<Integer> bits = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        bits.add(Float.floatToRawIntBits(values[i]));
                    }
                    synchronized (weights) {
                        weights.put("rank " + rank.context().rank() + " " + parameter + " " + from, bits);
                    }
                }));
                return rank;
            });
        }
        return new Trace(losses, weights);
    }

    private static Batch batch(Random random, int tokens) {
        // A few ids are frequent, so that some experts are crowded.
        int[] ids = random.ints(tokens + 1L, 0, VOCABULARY).map(id -> id % 3 == 0 ? id : id % 7).toArray();
        int[] inputs = new int[tokens];
        int[] labels = new int[tokens];
        System.arraycopy(ids, 0, inputs, 0, tokens);
        System.arraycopy(ids, 1, labels, 0, tokens);
        return new Batch(inputs, labels);
    }

    private static Map<String, Object> config() {
        Map<String, Object> config = new HashMap<>(Map.of("model_type", "deepseek_v3", "vocab_size", VOCABULARY,
                "hidden_size", 32, "num_hidden_layers", 3, "first_k_dense_replace", 1, "num_attention_heads", 2,
                "intermediate_size", 40, "moe_intermediate_size", 24, "n_routed_experts", 8, "num_experts_per_tok", 3));
        config.putAll(Map.of("n_shared_experts", 1, "q_lora_rank", 20, "kv_lora_rank", 16, "qk_nope_head_dim", 8,
                "qk_rope_head_dim", 4, "v_head_dim", 8, "rms_norm_eps", 1e-5, "rope_theta", 10000,
                "max_position_embeddings", 64, "hidden_act", "silu"));
        config.putAll(Map.of("tie_word_embeddings", false, "attention_bias", false, "scoring_func", "sigmoid",
                "routed_scaling_factor", 2.5, "norm_topk_prob", true, "n_group", 4, "topk_group", 2));
        return config;
    }
}
