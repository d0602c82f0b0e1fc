package io.moe4j.trainer.step;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The loss of one module for multi-token prediction.
 *
 * @param sum the sum of the losses that the model computes; see {@link io.moe4j.autograd.model.Model#predictionLosses}
 * @param targets how many tokens the module was to predict
 */
record PredictionLoss(double sum, long targets) {

    /**
     * Reads the sums of all modules; waits for the device.
     *
     * @param targets the number of targets of each module
     */
    static List<PredictionLoss> read(Stream stream, Tensor sums_K, List<Long> targets) {
        float[] sums = new float[targets.size()];
        stream.download(sums_K, MemorySegment.ofArray(sums));
        List<PredictionLoss> losses = new ArrayList<>();
        for (int k = 0; k < sums.length; k++) {
            losses.add(new PredictionLoss(sums[k], targets.get(k)));
        }
        return losses;
    }

    PredictionLoss plus(PredictionLoss other) {
        return new PredictionLoss(sum + other.sum, targets + other.targets);
    }

    /** The mean over the targets; NaN if there are none. */
    double mean(double scale) {
        return targets == 0 ? Double.NaN : sum / scale / targets;
    }
}
