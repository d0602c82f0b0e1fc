package io.moe4j.trainer.config;

import java.util.Optional;

/** Checks that single values are in their ranges. */
final class RangeRules {
    /** The most modules for multi-token prediction. */
    static final int MOST_PREDICTION = 16;
    private static final int MAX_PORT = 65535;
    /**
     * The largest factor of an additional loss, and of the update of experts' biases; all are usually below 1. With a larger factor, the gradients would be
     * those of the additional loss alone, or overflow, and the error message would blame the learning rate.
     */
    private static final double MOST_FACTOR = 10_000;
    /** More than any cluster has. Groups list their ranks, so that their memory grows with the number of ranks. */
    private static final int MOST_RANKS = 1 << 20;

    private final Findings findings;

    private RangeRules(Findings findings) {
        this.findings = findings;
    }

    static void check(TrainerConfig config, Findings findings) {
        RangeRules rules = new RangeRules(findings);
        rules.training(config.training());
        config.model().numNextnPredictLayers()
                .ifPresent(modules -> rules.within(modules, 0, MOST_PREDICTION, "model.num_nextn_predict_layers"));
        rules.optimizer(config.optimizer(), config.lrScheduler());
        rules.rounding(config);
        rules.ranks(config.ranks());
        rules.atLeast(config.parallelism().dataParallelReplicateDegree(), 1,
                "parallelism.data_parallel_replicate_degree");
        rules.atLeast(config.parallelism().dataParallelShardDegree(), 1, "parallelism.data_parallel_shard_degree");
        rules.atLeast(config.parallelism().expertParallelDegree(), 1, "parallelism.expert_parallel_degree");
        rules.within(config.moe().loadBalanceCoeff(), 0, MOST_FACTOR, "moe.load_balance_coeff");
        rules.within(config.moe().sequenceBalanceCoeff(), 0, MOST_FACTOR, "moe.sequence_balance_coeff");
        rules.within(config.moe().routerZCoeff(), 0, MOST_FACTOR, "moe.router_z_coeff");
        rules.atLeast(config.validation().interval(), 0, "validation.interval");
        rules.atLeast(config.validation().steps(), 0, "validation.steps");
        rules.atLeast(config.data().epochs(), 0, "data.epochs");
        rules.atLeast(config.data().shuffleTokens(), 1, "data.shuffle_tokens");
        findings.require(!config.data().promptField().equals(Optional.of(config.data().textField())),
                "prompt and text are two keys or columns; of one, all is text, and is learned",
                "name the key of the prompt, or leave data.prompt_field out", "data.prompt_field", "data.text_field");
        rules.conversations(config.data(), config.validation());
        findings.require(!(config.validation().textField() instanceof FieldChoice.None),
                "texts are in some key or column", "name it, or leave it at \"auto\"", "validation.text_field");
        findings.require(config.validation().split() >= 0 && config.validation().split() < 1,
                "it must be at least 0 and below 1", "0.01 keeps a hundredth of the documents for validation",
                "validation.split");
        findings.require(config.validation().split() == 0 || config.validation().path().isEmpty(),
                "validation has either its own data or a part of the training data", "remove one of them",
                "validation.path", "validation.split");
        rules.atLeast(config.checkpoint().interval(), 1, "checkpoint.interval");
        rules.atLeast(config.checkpoint().keepLatestK(), 0, "checkpoint.keep_latest_k");
        findings.require(config.checkpoint().enable() || !(config.checkpoint().resume() instanceof Resume.Auto),
                "auto continues what earlier starts of this run have saved, and this run saves nothing",
                "set checkpoint.enable to true, or give the path of a checkpoint",
                "checkpoint.resume", "checkpoint.enable");
        rules.atLeast(config.metrics().logEvery(), 1, "metrics.log_every");
        findings.require(config.metrics().prometheusPort() >= 0 && config.metrics().prometheusPort() <= MAX_PORT,
                "it must lie between 0 and " + MAX_PORT, "9464 is usual; 0 serves no metrics",
                "metrics.prometheus_port");
        findings.require(!config.metrics().prometheusHost().isBlank(), "it must name an interface",
                "127.0.0.1 is for this machine alone", "metrics.prometheus_host");
        rules.profile(config);
        rules.atLeast(config.metrics().layersEvery(), 0, "metrics.layers_every");
        rules.atLeast(config.runtime().devices(), 1, "runtime.devices");
        rules.atLeast(config.runtime().agreementInterval(), 0, "runtime.agreement_interval");
        rules.within(config.runtime().threads(), 0, DeviceSettings.MOST_THREADS, "runtime.threads");
    }

    private void conversations(DataConfig data, ValidationConfig validation) {
        findings.require(data.messagesField().isEmpty() || data.promptField().isEmpty(),
                "documents are either prompts and texts, or conversations", "leave one of them out",
                "data.messages_field", "data.prompt_field");
        findings.require(data.messagesField().isEmpty() || data.path().isPresent() || !data.sources().isEmpty()
                || validation.path().isPresent(),
                "the sources of moe4j, which are read without a path, are no conversations",
                "set data.path to a file or folder of conversations", "data.messages_field", "data.path");
    }

    private void ranks(int ranks) {
        boolean few = ranks < 1;
        boolean many = ranks > MOST_RANKS;
        findings.require(!few, "it must be at least 1", "set it to 1 or more", "ranks");
        findings.require(!many, "it must be at most " + MOST_RANKS, "set it to the number of devices, or less",
                "ranks");
        if (few || many) {
            findings.setAside("ranks");
        }
    }

    private void training(TrainingConfig training) {
        atLeast(training.steps(), 1, "training.steps");
        atLeast(training.localBatchSize(), 1, "training.local_batch_size");
        atLeast(training.gradientAccumulationSteps(), 0, "training.gradient_accumulation_steps");
        atLeast(training.globalBatchSize(), 0, "training.global_batch_size");
        atLeast(training.seqLen(), 1, "training.seq_len");
        positive(training.maxNorm(), "training.max_norm");
        positive(training.mtpLossFactor(), "training.mtp_loss_factor");
        findings.require(!(training.mtpLossFactor() > MOST_FACTOR), "it must be at most " + (int) MOST_FACTOR,
                "0.1 to 0.3 are usual", "training.mtp_loss_factor");
    }

    private void optimizer(OptimizerConfig optimizer, LrSchedulerConfig schedule) {
        positive(optimizer.lr(), "optimizer.lr");
        decay(optimizer.beta1(), "optimizer.beta1");
        decay(optimizer.beta2(), "optimizer.beta2");
        positive(optimizer.eps(), "optimizer.eps");
        within(optimizer.weightDecay(), 0, Float.MAX_VALUE, "optimizer.weight_decay");
        atLeast(optimizer.offloadChunkBytes(), 512, "optimizer.offload_chunk_bytes");
        atLeast(optimizer.offloadSlots(), 1, "optimizer.offload_slots");
        positive(optimizer.muon().lr(), "optimizer.muon.lr");
        decay(optimizer.muon().momentum(), "optimizer.muon.momentum");
        within(optimizer.muon().newtonSchulzSteps(), 1, 100, "optimizer.muon.newton_schulz_steps");
        atLeast(schedule.warmupSteps(), 0, "lr_scheduler.warmup_steps");
        within(schedule.decayRatio(), 0, 1, "lr_scheduler.decay_ratio");
        atLeast(schedule.decaySteps(), 0, "lr_scheduler.decay_steps");
        within(schedule.minLrFactor(), 0, 1, "lr_scheduler.min_lr_factor");
    }

    private void profile(TrainerConfig config) {
        Optional<ProfileConfig.Range> range = config.profile().range();
        findings.require(config.profile().steps().isEmpty() || (range.isPresent()
                && range.get().first() <= range.get().last()), "it must be one step, or the first and the last of some",
                "write it as 12 or 10-12", "profile.steps");
        range.filter(steps -> steps.first() <= steps.last()).ifPresent(steps -> {
            findings.require(steps.last() <= config.training().steps(), "the run has no such step",
                    "profile steps of the run", "profile.steps", "training.steps");
            findings.require(steps.last() - steps.first() < ProfileConfig.MOST_STEPS, "more than "
                    + ProfileConfig.MOST_STEPS + " steps make a trace that is too large to look at", "profile fewer",
                    "profile.steps");
        });
    }

    private void rounding(TrainerConfig config) {
        findings.require(config.optimizer().parameterRounding() == ParameterRounding.NEAREST
                || config.training().parameterDtype().isRounded(),
                "only bfloat16 parameters are rounded stochastically",
                "set training.parameter_dtype to bfloat16, or optimizer.parameter_rounding to nearest",
                "optimizer.parameter_rounding", "training.parameter_dtype");
    }

    private void atLeast(long value, long least, String key) {
        findings.require(value >= least, "it must be at least " + least, "set it to " + least + " or more", key);
    }

    private void positive(double value, String key) {
        findings.require(value > 0 && Float.isFinite((float) value) && (float) value > 0,
                "it must be a number above 0 that single precision can hold", "set it to such a number", key);
    }

    private void decay(double value, String key) {
        findings.require(value >= 0 && (float) value < 1, "it must be at least 0 and below 1, in single precision",
                "0.9 and 0.95 are usual", key);
    }

    private void within(long value, long least, long most, String key) {
        findings.require(value >= least && value <= most, "it must lie between " + least + " and " + most,
                "set it to such a number", key);
    }

    private void within(double value, double least, double most, String key) {
        findings.require(value >= least && value <= most,
                most == Float.MAX_VALUE ? "it must be a number of at least " + least + " that single precision can hold"
                        : "it must lie between " + least + " and " + most,
                "set it to such a number", key);
    }
}
