package io.moe4j.tests.integration;

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
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.step.Batch;
import io.moe4j.trainer.step.Schedule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A model that trains in milliseconds, on a text that can be learnt. */
final class Tiny {
    private static final int VOCABULARY = 61;
    private static final List<String> FOUR_RANKS = List.of("ranks=4", "parallelism.data_parallel_shard_degree=4",
            "parallelism.expert_parallel_degree=4", "training.seq_len=16", "training.local_batch_size=2",
            "training.steps=6", "optimizer.lr=1e-2", "runtime.timeout=20");

    private Tiny() {}

    /** Opens a run on four ranks, expert-parallel over four, captured; unless the overrides say otherwise. */
    static TrainingRun open(String... overrides) {
        return open(Tiny::sequences, overrides);
    }

    /** Opens the part of a run whose ranks are in this process. */
    static TrainingRun open(RankLaunch launch, String... overrides) {
        return open(Tiny::sequences, config -> launch, overrides);
    }

    static TrainingRun open(DataOf data, String... overrides) {
        return open(data, Tiny::threads, overrides);
    }

    /** Opens a run whose microbatches pass through the model in another order. */
    static TrainingRun open(Schedule schedule, String... overrides) {
        return open(UnaryOperator.identity(), model(), Tiny::sequences, Tiny::threads,
                options -> options.withSchedule(schedule), overrides);
    }

    /** Opens a run of another model, made from this one. */
    static TrainingRun openOther(UnaryOperator<ModelSpec> model, String... overrides) {
        return open(model, Tiny::sequences, Tiny::threads, overrides);
    }

    /** Opens a run of another model, made from this one, whose microbatches pass through it in another order. */
    static TrainingRun openOther(UnaryOperator<ModelSpec> model, Schedule schedule, String... overrides) {
        return open(model, model(), Tiny::sequences, Tiny::threads, options -> options.withSchedule(schedule),
                overrides);
    }

    /** Opens a run of another model, made from this one, on other data. */
    static TrainingRun openOther(UnaryOperator<ModelSpec> model, DataOf data, String... overrides) {
        return open(model, data, Tiny::threads, overrides);
    }

    /** Opens a run with other options. */
    static TrainingRun openWith(UnaryOperator<RunOptions> options, String... overrides) {
        return open(UnaryOperator.identity(), model(), Tiny::sequences, Tiny::threads, options, overrides);
    }

    /** Opens the part of a run whose ranks are in this process, with other options. */
    static TrainingRun openWith(RankLaunch launch, UnaryOperator<RunOptions> options, String... overrides) {
        return open(UnaryOperator.identity(), model(), Tiny::sequences, config -> launch, options, overrides);
    }

    /** Opens a run that is validated on other data. */
    static TrainingRun openValidated(UnaryOperator<ModelSpec> model, Function<TrainerConfig, RankLaunch> launch,
            DataOf validation, UnaryOperator<RunOptions> options, String... overrides) {
        return opened(model, model(), Tiny::sequences, launch,
                config -> given -> options.apply(given.withValidation(validation.of(config))), overrides);
    }

    /** A small Qwen3-MoE. */
    static ModelSpec qwen(ModelSpec other) {
        Map<String, Object> config = new HashMap<>(Map.of("model_type", "qwen3_moe", "vocab_size", VOCABULARY,
                "hidden_size", 32, "num_hidden_layers", 2, "num_attention_heads", 4, "num_key_value_heads", 2,
                "intermediate_size", 40, "moe_intermediate_size", 24, "num_experts", 8, "num_experts_per_tok", 3));
        config.putAll(Map.of("head_dim", 8, "rms_norm_eps", 1e-6, "rope_theta", 1e6, "max_position_embeddings", 64,
                "norm_topk_prob", true, "tie_word_embeddings", true));
        return Plugins.load(List.of()).get(ModelProvider.class, "qwen3_moe").fromHuggingFace(config)
                .withMoeCommBackend(other.moe().orElseThrow().commBackend());
    }

    /** The model of the checkpoint of 0.1 among the resources. */
    static TrainingRun openSmallest(String... overrides) {
        return open(UnaryOperator.identity(), smallest(), Tiny::sequences, Tiny::threads, UnaryOperator.identity(),
                overrides);
    }

    static RankLaunch threads(TrainerConfig config) {
        return RankLaunch.threads(config.ranks(), config.runtime().timeout());
    }

    private static TrainingRun open(DataOf data, Function<TrainerConfig, RankLaunch> launch, String... overrides) {
        return open(UnaryOperator.identity(), data, launch, overrides);
    }

    private static TrainingRun open(UnaryOperator<ModelSpec> model, DataOf data,
            Function<TrainerConfig, RankLaunch> launch, String... overrides) {
        return open(model, model(), data, launch, UnaryOperator.identity(), overrides);
    }

    private static TrainingRun open(UnaryOperator<ModelSpec> model, Map<String, Object> huggingFace, DataOf data,
            Function<TrainerConfig, RankLaunch> launch, UnaryOperator<RunOptions> options, String... overrides) {
        return opened(model, huggingFace, data, launch, config -> options, overrides);
    }

    private static TrainingRun opened(UnaryOperator<ModelSpec> model, Map<String, Object> huggingFace, DataOf data,
            Function<TrainerConfig, RankLaunch> launch, Function<TrainerConfig, UnaryOperator<RunOptions>> options,
            String... overrides) {
        Registry registry = Plugins.load(List.of());
        ModelSpec spec = model.apply(registry.get(ModelProvider.class, "deepseek_v3").fromHuggingFace(huggingFace));
        List<String> all = new ArrayList<>(FOUR_RANKS);
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.runningModel(spec));
        return Trainer.open(config, spec.withMoeCommBackend(config.model().moeCommBackend()), registry,
                options.apply(config).apply(new RunOptions(launch.apply(config)).withData(data.of(config))));
    }

    /** The losses of the steps that are left. */
    static List<Double> losses(TrainingRun run) {
        List<Double> losses = new ArrayList<>();
        while (run.hasNext()) {
            losses.add(run.step().loss());
        }
        return losses;
    }

    static List<StepResult> steps(TrainingRun run) {
        List<StepResult> steps = new ArrayList<>();
        while (run.hasNext()) {
            steps.add(run.step());
        }
        return steps;
    }

    /** The settings of texts that have any number of them, separated by spaces. */
    static String[] words(String... settings) {
        return Stream.of(settings).flatMap(each -> Stream.of(each.split(" "))).filter(each -> !each.isBlank())
                .toArray(String[]::new);
    }

    /** The data of ranks, given the configuration. */
    @FunctionalInterface
    interface DataOf {
        BatchSource.Factory of(TrainerConfig config);
    }

    /** Sequence n of all ranks together is the same on whichever rank it is read: each token is followed by the one that is 7 + n mod 2 larger. */
    static BatchSource.Factory sequences(TrainerConfig config) {
        int batch = config.training().localBatchSize() * config.microbatches();
        int length = config.training().seqLen();
        return (rank, read) -> new BatchSource() {
            private long first = read + (long) rank * batch;

            @Override
            public Batch next() {
                int[] ids = new int[batch * length];
                int[] labels = new int[batch * length];
                for (int i = 0; i < ids.length; i++) {
                    long sequence = first + i / length;
                    long step = 7 + sequence % 2;
                    ids[i] = (int) ((3 * sequence + step * (i % length)) % VOCABULARY);
                    labels[i] = (int) ((3 * sequence + step * (i % length + 1)) % VOCABULARY);
                }
                first += (long) batch * config.ranks();
                return new Batch(ids, labels);
            }
        };
    }

    private static Map<String, Object> model() {
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

    /** The smallest model, as Hugging Face's {@code config.json} has it. */
    static Map<String, Object> smallest() {
        Map<String, Object> config = new HashMap<>(model());
        config.putAll(Map.of("hidden_size", 8, "num_hidden_layers", 2, "intermediate_size", 8,
                "moe_intermediate_size", 8, "n_routed_experts", 4, "num_experts_per_tok", 2, "kv_lora_rank", 8,
                "qk_nope_head_dim", 4, "v_head_dim", 4));
        config.putAll(Map.of("routed_scaling_factor", 1.0, "n_group", 1, "topk_group", 1));
        config.remove("q_lora_rank");
        return config;
    }
}
