package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Everything that a run is told. Keys of files and of the command line are the components' names in snake_case, sections joined by dots:
 * {@code training.local_batch_size}.
 *
 * @param model what is trained
 * @param training how long, on how much, in which element types
 * @param optimizer AdamW
 * @param lrScheduler the learning rate over time
 * @param parallelism how ranks divide the work
 * @param activationCheckpoint what is computed again in backward
 * @param graphCapture whether steps are recorded once and replayed
 * @param moe routing and receive buffers
 * @param data what is read
 * @param checkpoint what is saved
 * @param metrics what is reported
 * @param runtime limits and modes of the device
 * @param device id of the device provider, such as {@code cpu} or {@code cuda}
 * @param ranks R, ranks of the world: replicate degree times shard degree
 */
@Stability(Stability.Level.EVOLVING)
public record TrainerConfig(ModelConfig model, TrainingConfig training, OptimizerConfig optimizer,
        LrSchedulerConfig lrScheduler, ParallelismConfig parallelism, ActivationCheckpointConfig activationCheckpoint,
        GraphCaptureConfig graphCapture, MoeConfig moe, DataConfig data, CheckpointConfig checkpoint,
        MetricsConfig metrics, DeviceSettings runtime, String device, int ranks) {

    /** Tokens of one step, all ranks together. */
    public long tokensPerStep() {
        return sequencesPerStep() * training.seqLen();
    }

    /** Sequences of one step, all ranks together. */
    public long sequencesPerStep() {
        return (long) ranks * training.localBatchSize() * microbatches();
    }

    /** Microbatches of a step: what a rank sums its gradients over. */
    public int microbatches() {
        if (training.gradientAccumulationSteps() > 0) {
            return training.gradientAccumulationSteps();
        }
        long together = (long) ranks * training.localBatchSize();
        return training.globalBatchSize() > 0 && together > 0
                ? Math.toIntExact(Math.max(1, training.globalBatchSize() / together))
                : 1;
    }
}
