package io.moe4j.tests.faults;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Two ranks that train the smallest possible model; a run saves itself after each step, and keeps two checkpoints. */
final class TinyRun {
    private static final int VOCABULARY = 61;
    private static final List<String> TWO_RANKS = List.of("ranks=2", "parallelism.data_parallel_shard_degree=2",
            "parallelism.expert_parallel_degree=2", "training.seq_len=8", "training.local_batch_size=1",
            "optimizer.lr=1e-2", "runtime.timeout=100", "runtime.threads=1", "checkpoint.enable=true",
            "checkpoint.interval=1", "checkpoint.keep_latest_k=2");

    private TinyRun() {}

    /** Opens the ranks of this process. */
    static TrainingRun open(Function<TrainerConfig, RankLaunch> launch, UnaryOperator<RunOptions> options,
            String... overrides) {
        Registry registry = Plugins.load(List.of());
        ModelSpec spec = registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(model());
        List<String> all = new ArrayList<>(TWO_RANKS);
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.runningModel(spec));
        return Trainer.open(config, spec.withMoeCommBackend(config.model().moeCommBackend()), registry,
                options.apply(new RunOptions(launch.apply(config)).withData(sequences(config))));
    }

    /** Opens both ranks as threads. */
    static TrainingRun open(UnaryOperator<RunOptions> options, String... overrides) {
        return open(config -> RankLaunch.threads(config.ranks(), config.runtime().timeout()), options, overrides);
    }

    /** The losses of the remaining steps, by step. */
    static Map<Long, Double> losses(TrainingRun run) {
        Map<Long, Double> losses = new TreeMap<>();
        while (run.hasNext()) {
            double loss = run.step().loss();
            losses.put(run.stepsDone(), loss);
        }
        return losses;
    }

    /** The losses of an undisturbed run that is not saved. */
    static Map<Long, Double> undisturbed(int steps) {
        try (TrainingRun run = open(options -> options, "checkpoint.enable=false", "training.steps=" + steps)) {
            return losses(run);
        }
    }

    /** Sequence n of both ranks together is the same on whichever rank it is read. */
    private static BatchSource.Factory sequences(TrainerConfig config) {
        int length = config.training().seqLen();
        return (rank, read) -> new BatchSource() {
            private long sequence = read + rank;

            @Override
            public Batch next() {
                int[] ids = new int[length];
                int[] labels = new int[length];
                for (int i = 0; i < length; i++) {
                    ids[i] = (int) ((3 * sequence + (7 + sequence % 2) * i) % VOCABULARY);
                    labels[i] = (int) ((3 * sequence + (7 + sequence % 2) * (i + 1)) % VOCABULARY);
                }
                sequence += config.ranks();
                return new Batch(ids, labels);
            }
        };
    }

    private static Map<String, Object> model() {
        Map<String, Object> config = new HashMap<>(Map.of("model_type", "deepseek_v3", "vocab_size", VOCABULARY,
                "hidden_size", 8, "num_hidden_layers", 2, "first_k_dense_replace", 1, "num_attention_heads", 2,
                "intermediate_size", 8, "moe_intermediate_size", 8, "n_routed_experts", 4, "num_experts_per_tok", 2));
        config.putAll(Map.of("n_shared_experts", 1, "kv_lora_rank", 8, "qk_nope_head_dim", 4, "qk_rope_head_dim", 4,
                "v_head_dim", 4, "rms_norm_eps", 1e-5, "rope_theta", 10000, "max_position_embeddings", 64,
                "hidden_act", "silu"));
        config.putAll(Map.of("tie_word_embeddings", false, "attention_bias", false, "scoring_func", "sigmoid",
                "routed_scaling_factor", 1.0, "norm_topk_prob", true, "n_group", 1, "topk_group", 1));
        return config;
    }
}
