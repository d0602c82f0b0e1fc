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
 * The result of a step.
 *
 * @param step number of the step, from 1
 * @param loss mean cross-entropy over the labels that count, of all ranks; NaN if there are none, in which case nothing has changed
 * @param gradientNorm norm of the gradients over all shards, before clipping
 * @param learningRate the learning rate that was applied
 * @param time when the step was done
 * @param tokens number of tokens since the first step of the run, of all ranks together
 * @param seconds seconds that the step took
 * @param tokensPerSecond tokens per second, of all ranks together
 * @param flops operations per second, of all ranks together; recompute not counted
 * @param utilisation the fraction of the peak rate of this JVM's devices that its ranks reached, 0 to 1; 0 if the peak is unknown
 * @param memoryBytes bytes that are allocated on the fullest of this JVM's devices
 * @param memoryFraction the same as a fraction of that device's memory
 * @param hostSyncs how often a rank's host waited for its device inside forward and backward; the largest number of all ranks
 * @param captured whether forward and backward were replayed
 * @param receivedRowsMax the most rows that a rank was to receive in one exchange
 * @param receiveCapacityRows rows that a rank has room for in one exchange
 * @param droppedRows rows that were dropped, all ranks together
 * @param labels how many labels count, of all ranks
 * @param dataSeconds the longest time in seconds that a rank of this JVM has waited for its batch
 * @param data counts of documents, bad lines and so on of the longest pass over the data so far; empty in a JVM without the first rank
 * @param sources how far each source of the data was read; empty in a JVM without the first rank
 * @param layers how each layer has spread the tokens over its experts; empty in steps that do not read this (metrics.layers_every)
 * @param routerLosses the router's auxiliary losses, as means over tokens and layers, without their factors; they are not part of {@code loss}. Since 0.3.0
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

    /** A step without auxiliary losses, whose exchanges cannot need several rounds. */
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
