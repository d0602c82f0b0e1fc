package io.moe4j.trainer.config;

import java.util.Collection;
import java.util.Map;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Names of torchtitan's configuration that differ from ours. Names that take the same values are accepted; for the others, an error says what moe4j has
 * instead. The names are those of {@code torchtitan/config}, as its command line takes them.
 */
final class TorchtitanNames {
    private static final String ONE_DEVICE = "moe4j splits a model over data-parallel and expert-parallel ranks only; leave it out";
    private static final String ALWAYS_THE_SAME = "every run of moe4j gives the same bits again; leave it out";
    private static final String NO_COMPILER = "moe4j has nothing to compile; its steps are recorded once and replayed with graph_capture.enable";

    private static final Map<String, String> SAME = Map.ofEntries(
            Map.entry("checkpoint.enable_checkpoint", "checkpoint.enable"),
            Map.entry("comm.init_timeout_seconds", "runtime.timeout"),
            Map.entry("debug.moe_force_load_balance", "moe.force_load_balance"),
            Map.entry("debug.seed", "training.seed"), Map.entry("lr_scheduler.lr_min", "lr_scheduler.min_lr_factor"),
            Map.entry("metrics.enable_tensorboard", "metrics.tensorboard"),
            Map.entry("metrics.log_freq", "metrics.log_every"),
            Map.entry("model.hf_assets_path", "data.tokenizer"),
            Map.entry("parallelism.expert_parallel_comm_backend", "model.moe_comm_backend"),
            Map.entry("parallelism.fsdp_reshard_after_forward", "parallelism.reshard_after_forward"),
            Map.entry("training.dataset_path", "data.path"),
            Map.entry("training.debug_moe_force_load_balance", "moe.force_load_balance"),
            Map.entry("training.mixed_precision_param", "training.dtype"),
            Map.entry("training.mixed_precision_reduce", "training.gradient_dtype"),
            Map.entry("validation.dataset_path", "validation.path"),
            Map.entry("validation.freq", "validation.interval"));

    /** Keys, and sections, which end in a dot. A key answers before its section. */
    private static final Map<String, String> INSTEAD = Map.ofEntries(
            Map.entry("activation_checkpoint.selective_ac_option",
                    "with activation_checkpoint.mode budget, moe4j keeps what saves most time, within"
                            + " activation_checkpoint.memory_budget"),
            Map.entry("checkpoint.async_mode", "checkpoint.background, which is true or false, says the same"),
            Map.entry("checkpoint.export_dtype", "export a checkpoint with moe4j export RUN FOLDER --dtype bf16"),
            Map.entry("checkpoint.folder", "the folder of a run is given with --output FOLDER"),
            Map.entry("checkpoint.initial_load_path",
                    "a model folder is given with model.from, a run to be continued with checkpoint.resume"),
            Map.entry("checkpoint.last_save_in_hf", "give a new folder with checkpoint.export"),
            Map.entry("checkpoint.last_save_model_only", "give a new folder with checkpoint.export"),
            Map.entry("checkpoint.load_step",
                    "give that checkpoint's own folder with checkpoint.resume, or auto for the"
                            + " newest"),
            Map.entry("comm.", "runtime.timeout is the only time limit of waiting, in seconds"),
            Map.entry("compile.", NO_COMPILER), Map.entry("training.compile", NO_COMPILER),
            Map.entry("debug.deterministic", ALWAYS_THE_SAME), Map.entry("training.deterministic", ALWAYS_THE_SAME),
            Map.entry("debug.batch_invariant", ALWAYS_THE_SAME),
            Map.entry("debug.print_config", "the command moe4j config prints it"),
            Map.entry("float8.", "set training.dense_dtype and training.expert_dtype to float8 (docs/fp8.md)"),
            Map.entry("mx.", "moe4j has no MX types"),
            Map.entry("job.config_file", "give it with --config FILE.toml"),
            Map.entry("job.dump_folder", "give it with --output FOLDER"),
            Map.entry("metrics.enable_wandb", "metrics.jsonl, in the run's folder, has the metrics of all steps"),
            Map.entry("metrics.save_tb_folder", "event files are in the folder tensorboard of the run"),
            Map.entry("model.tokenizer_path", "give a tokenizer.json, or its folder, with data.tokenizer"),
            Map.entry("optimizer.implementation", "moe4j has only one implementation; leave it out"),
            Map.entry("optimizer.early_step_in_backward", "leave it out"),
            Map.entry("parallelism.context_parallel_degree", ONE_DEVICE),
            Map.entry("parallelism.pipeline_parallel_degree", ONE_DEVICE),
            Map.entry("parallelism.tensor_parallel_degree", ONE_DEVICE),
            Map.entry("parallelism.", ONE_DEVICE),
            Map.entry("profiling.", "name the steps to profile with profile.steps, such as 10-12"),
            Map.entry("profiling.enable_memory_snapshot",
                    "moe4j plan prints the memory of a rank by purpose, and run.json has it"),
            Map.entry("profiling.profile_freq", "name the steps to profile with profile.steps, such as 10-12"),
            Map.entry("training.enable_cpu_offload",
                    "optimizer.offload true keeps the optimizer's moments in the host's memory"),
            Map.entry("training.dataset", "give texts with data.path: a file or a folder"),
            Map.entry("training.gc_freq", "leave it out"),
            Map.entry("validation.dataset", "give texts with validation.path: a file or a folder"),
            Map.entry("validation.enable", "validation begins with validation.interval above 0"),
            Map.entry("validation.enabled", "validation begins with validation.interval above 0"),
            Map.entry("validation.local_batch_size", "a validation's batches are as large as those of training"));

    private static final String BUDGET = "torchtitan's is budget here: it keeps what saves most time, within activation_checkpoint.memory_budget";

    /** Values of keys that both have, written {@code key=value}, and what moe4j has for them. */
    private static final Map<String, String> VALUES = Map.of("activation_checkpoint.mode=selective", BUDGET,
            "activation_checkpoint.mode=selective_op", BUDGET, "activation_checkpoint.mode=memory_budget", BUDGET,
            "optimizer.name=adam", "with optimizer.name adamw and optimizer.weight_decay 0, it is the same");

    private TorchtitanNames() {}

    /** Our name for the same thing. */
    static Optional<String> ours(String key) {
        return Optional.ofNullable(SAME.get(key));
    }

    /** All answers, for a test that checks that the keys and commands in them exist. */
    static Collection<String> answers() {
        return Stream.concat(INSTEAD.values().stream(), VALUES.values().stream()).toList();
    }

    /** What to write instead of a value that torchtitan has. */
    static Optional<String> value(String key, String value) {
        return Optional.ofNullable(VALUES.get(key + "=" + value.toLowerCase(Locale.ROOT)));
    }

    /** What to do instead of giving a value for this key. */
    static Optional<String> instead(String key) {
        return Optional.ofNullable(INSTEAD.get(key))
                .or(() -> Optional.ofNullable(INSTEAD.get(key.substring(0, key.indexOf('.') + 1))));
    }
}
