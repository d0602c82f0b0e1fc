package io.moe4j.trainer.run;

import io.moe4j.api.device.Device;
import io.moe4j.data.DataCounts;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.TrainingSession;
import io.moe4j.trainer.step.StepOutcome;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Computes the result of a step from the figures of its ranks and the time that it took. */
final class Throughput {
    private final TrainerConfig config;
    private final TrainingSession session;
    private final double flopsPerToken;

    Throughput(TrainerConfig config, TrainingSession session, double flopsPerToken) {
        this.config = config;
        this.session = session;
        this.flopsPerToken = flopsPerToken;
    }

    /** @param tokens number of tokens since the first step */
    StepResult result(long step, long tokens, StepOutcome.Completed done, double seconds, double dataSeconds,
            Optional<BatchSource> data) {
        Collection<Device> devices = session.devices().values();
        double peak = devices.stream().mapToDouble(Device::peakFlops).sum();
        Device fullest = Collections.max(devices, Comparator.comparingLong(Throughput::allocated));
        double tokensPerSecond = config.tokensPerStep() / seconds;
        double flops = tokensPerSecond * flopsPerToken;
        double local = flops * session.launch().localRanks().size() / session.launch().worldSize();
        return new StepResult(step, done.loss(), done.gradientNorm(), done.learningRate(), Instant.now(), tokens,
                seconds,
                tokensPerSecond,
                flops, peak > 0 ? local / peak : 0, allocated(fullest),
                (double) allocated(fullest) / fullest.capacityBytes(), done.hostSyncs(), done.captured(),
                done.receivedRowsMax(), done.receiveCapacityRows(), done.droppedRows(), done.labels(),
                dataSeconds, data.map(BatchSource::counts).orElse(DataCounts.NONE),
                data.map(BatchSource::progress).orElse(List.of()), done.layers(), done.routerLosses(),
                done.rounds(), done.predictionLosses());
    }

    private static long allocated(Device device) {
        return device.allocatedBytes().values().stream().mapToLong(Long::longValue).sum();
    }
}
