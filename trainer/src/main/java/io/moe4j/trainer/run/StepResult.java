package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.data.DataCounts;
import io.moe4j.data.SourceProgress;
import io.moe4j.trainer.step.LayerLoad;
import io.moe4j.trainer.step.RoundCounts;
import io.moe4j.trainer.step.RouterLosses;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A step that was made.
 *
 * @param step from 1
 * @param loss mean cross-entropy over the labels that count, of all ranks; NaN if there are none: then nothing has changed
 * @param gradientNorm over all shards, before clipping
 * @param learningRate that was applied
 * @param time when it was done
 * @param tokens trained on since the first step of the run, of all ranks together
 * @param seconds that it took
 * @param tokensPerSecond of all ranks together
 * @param flops a second, of all ranks together; recompute not counted
 * @param utilisation the part of the peak rate of this JVM's devices that its ranks reached; 0 if the peak is unknown
 * @param memoryBytes allocated on the fullest of this JVM's devices
 * @param memoryFraction of that device's memory
 * @param hostSyncs the most that a rank's host waited inside forward and backward
 * @param captured whether forward and backward were replayed
 * @param receivedRowsMax the most rows that a rank was to receive in one exchange
 * @param receiveCapacityRows what a rank can receive
 * @param droppedRows rows that were dropped, all ranks together
 * @param labels how many labels count, of all ranks
 * @param dataSeconds the longest that a rank of this JVM has waited for its batch
 * @param data what the longest pass over the data has met so far; nothing in a JVM without the first rank
 * @param sources how far each source of the data has come; nothing in a JVM without the first rank
 * @param layers how each layer has spread the tokens over its experts; empty in steps that do not read this (metrics.layers_every)
 * @param routerLosses losses of routing, as means over tokens and layers, without their factors; they are not part of {@code loss}. Since 0.3.0
 * @param rounds how many rounds the exchanges needed
 * @param predictionLosses mean cross-entropy of each module for multi-token prediction, over the tokens that it was to predict, without its factor; NaN
 *        if there were none. They are not part of {@code loss}. Since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record StepResult(long step, double loss, double gradientNorm, double learningRate, Instant time, long tokens,
        double seconds,
        double tokensPerSecond, double flops, double utilisation, long memoryBytes, double memoryFraction,
        long hostSyncs, boolean captured, long receivedRowsMax, long receiveCapacityRows, long droppedRows,
        long labels, double dataSeconds, DataCounts data, List<SourceProgress> sources, List<LayerLoad> layers,
        Optional<RouterLosses> routerLosses, RoundCounts rounds, List<Double> predictionLosses) {

    /** A step without losses beside that of the labels, whose exchanges cannot need several rounds. */
    public StepResult(long step, double loss, double gradientNorm, double learningRate, Instant time, long tokens,
            double seconds, double tokensPerSecond, double flops, double utilisation, long memoryBytes,
            double memoryFraction, long hostSyncs, boolean captured, long receivedRowsMax, long receiveCapacityRows,
            long droppedRows, long labels, double dataSeconds, DataCounts data, List<SourceProgress> sources,
            List<LayerLoad> layers) {
        this(step, loss, gradientNorm, learningRate, time, tokens, seconds, tokensPerSecond, flops, utilisation,
                memoryBytes, memoryFraction, hostSyncs, captured, receivedRowsMax, receiveCapacityRows, droppedRows,
                labels, dataSeconds, data, sources, layers, Optional.empty(), RoundCounts.NONE, List.of());
    }

    public StepResult {
        sources = List.copyOf(sources);
        layers = List.copyOf(layers);
        predictionLosses = List.copyOf(predictionLosses);
    }
}
