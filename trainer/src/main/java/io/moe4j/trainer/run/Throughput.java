package io.moe4j.trainer.run;

import io.moe4j.api.device.Device;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.StepOutcome;

/** Turns what a step has given, and the time that it took, into its result. */
final class Throughput {
    private final TrainerConfig config;
    private final TrainingSession session;
    private final double flopsPerToken;

    Throughput(TrainerConfig config, TrainingSession session, double flopsPerToken) {
        this.config = config;
        this.session = session;
        this.flopsPerToken = flopsPerToken;
    }

    StepResult result(long step, StepOutcome.Completed done, double seconds) {
        Device device = session.device();
        double tokensPerSecond = config.tokensPerStep() / seconds;
        double flops = tokensPerSecond * flopsPerToken;
        double local = flops * session.launch().localRanks().size() / session.launch().worldSize();
        long memory = device.allocatedBytes().values().stream().mapToLong(Long::longValue).sum();
        return new StepResult(step, done.loss(), done.gradientNorm(), done.learningRate(), seconds, tokensPerSecond,
                flops, device.peakFlops() > 0 ? local / device.peakFlops() : 0, memory,
                (double) memory / device.capacityBytes(), done.hostSyncs(), done.captured(), done.receivedRowsMax(),
                done.receiveCapacityRows(), done.droppedRows());
    }
}
