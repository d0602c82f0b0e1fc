package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Settings;
import io.moe4j.api.tensor.DType;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The whole configuration of a run. Keys of files and of the command line are the components' names in snake_case, with sections joined by dots:
 * {@code training.local_batch_size}.
 *
 * @param model the model that is trained
 * @param lora low-rank updates, which are trained instead of the model's parameters; since 0.3.0
 * @param training number of steps, sizes of batches, and element types
 * @param optimizer how parameters are updated
 * @param lrScheduler the learning rate over time
 * @param parallelism how ranks divide the work
 * @param activationCheckpoint what forward keeps for backward, and what backward computes again
 * @param graphCapture whether steps are recorded once and replayed
 * @param moe routing to experts, and receive buffers
 * @param data the data that is read
 * @param validation when and on how much the model is validated
 * @param checkpoint what is saved, and which checkpoint is continued
 * @param metrics what is reported, and where
 * @param profile which steps are profiled
 * @param runtime limits and modes of the device
 * @param device id of the device provider, such as {@code cpu} or {@code cuda}
 * @param ranks R, ranks of the world: replicate degree times shard degree
 * @param plugin settings of plug-ins by their ids: the tables {@code [plugin.ID]}
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record TrainerConfig(ModelConfig model, LoraConfig lora, TrainingConfig training, OptimizerConfig optimizer,
        LrSchedulerConfig lrScheduler, ParallelismConfig parallelism, ActivationCheckpointConfig activationCheckpoint,
        GraphCaptureConfig graphCapture, MoeConfig moe, DataConfig data, ValidationConfig validation,
        CheckpointConfig checkpoint, MetricsConfig metrics, ProfileConfig profile, DeviceSettings runtime,
        String device, int ranks,
        Map<String, Settings> plugin) {

    public TrainerConfig {
        plugin = Collections.unmodifiableMap(new TreeMap<>(plugin));
    }

    /**
     * Whether training moves the experts' biases. Low-rank updates do not change them, as they do not change the model's other parameters.
     *
     * @since 0.3.0
     */
    public boolean movesExpertBiases() {
        return moe.loadBalanceCoeff() > 0 && !lora.isOn();
    }

    /**
     * Element type of the rows that are sent to experts.
     *
     * @since 0.3.0
     */
    public DType dispatchedRows() {
        return moe.dispatchDtype().orElse(training.dtype());
    }

    /** The number of tokens of one step, all ranks together. */
    public long tokensPerStep() {
        return sequencesPerStep() * training.seqLen();
    }

    /** The number of sequences of one step, all ranks together. */
    public long sequencesPerStep() {
        return (long) ranks * training.localBatchSize() * microbatches();
    }

    /** The number of microbatches of a step: a rank adds up their gradients. */
    public int microbatches() {
        if (training.gradientAccumulationSteps() > 0) {
            return training.gradientAccumulationSteps();
        }
        long together = (long) ranks * training.localBatchSize();
        return training.globalBatchSize() > 0 && together > 0
                ? Math.toIntExact(Math.max(1, training.globalBatchSize() / together))
                : 1;
    }

    /** With another value of {@code plugin}. */
    public TrainerConfig withPlugin(Map<String, Settings> value) {
        return Components.with(this, "plugin", value);
    }

    /** With another value of {@code model}. */
    public TrainerConfig withModel(ModelConfig value) {
        return Components.with(this, "model", value);
    }

    /**
     * With another value of {@code lora}.
     *
     * @since 0.3.0
     */
    public TrainerConfig withLora(LoraConfig value) {
        return Components.with(this, "lora", value);
    }

    /** With another value of {@code training}. */
    public TrainerConfig withTraining(TrainingConfig value) {
        return Components.with(this, "training", value);
    }

    /** With another value of {@code optimizer}. */
    public TrainerConfig withOptimizer(OptimizerConfig value) {
        return Components.with(this, "optimizer", value);
    }

    /** With another value of {@code lrScheduler}. */
    public TrainerConfig withLrScheduler(LrSchedulerConfig value) {
        return Components.with(this, "lrScheduler", value);
    }

    /** With another value of {@code parallelism}. */
    public TrainerConfig withParallelism(ParallelismConfig value) {
        return Components.with(this, "parallelism", value);
    }

    /** With another value of {@code activationCheckpoint}. */
    public TrainerConfig withActivationCheckpoint(ActivationCheckpointConfig value) {
        return Components.with(this, "activationCheckpoint", value);
    }

    /** With another value of {@code graphCapture}. */
    public TrainerConfig withGraphCapture(GraphCaptureConfig value) {
        return Components.with(this, "graphCapture", value);
    }

    /** With another value of {@code moe}. */
    public TrainerConfig withMoe(MoeConfig value) {
        return Components.with(this, "moe", value);
    }

    /** With another value of {@code data}. */
    public TrainerConfig withData(DataConfig value) {
        return Components.with(this, "data", value);
    }

    /** With another value of {@code validation}. */
    public TrainerConfig withValidation(ValidationConfig value) {
        return Components.with(this, "validation", value);
    }

    /** With another value of {@code checkpoint}. */
    public TrainerConfig withCheckpoint(CheckpointConfig value) {
        return Components.with(this, "checkpoint", value);
    }

    /** With another value of {@code metrics}. */
    public TrainerConfig withMetrics(MetricsConfig value) {
        return Components.with(this, "metrics", value);
    }

    /**
     * With another value of {@code profile}.
     *
     * @since 0.3.0
     */
    public TrainerConfig withProfile(ProfileConfig value) {
        return Components.with(this, "profile", value);
    }

    /** With another value of {@code runtime}. */
    public TrainerConfig withRuntime(DeviceSettings value) {
        return Components.with(this, "runtime", value);
    }

    /** With another value of {@code device}. */
    public TrainerConfig withDevice(String value) {
        return Components.with(this, "device", value);
    }

    /** With another value of {@code ranks}. */
    public TrainerConfig withRanks(int value) {
        return Components.with(this, "ranks", value);
    }
}
