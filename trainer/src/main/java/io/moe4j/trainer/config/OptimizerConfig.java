package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * How parameters are updated.
 *
 * @param name the rule: AdamW for all parameters, or Muon for matrices with AdamW for the rest
 * @param lr the highest learning rate of AdamW, above 0
 * @param beta1 decay of the first moment, in [0, 1)
 * @param beta2 decay of the second moment, in [0, 1)
 * @param eps added to the root of the second moment, above 0
 * @param weightDecay decoupled decay, at least 0
 * @param decayNorms whether weight decay applies to parameters of one dimension, which are the weights of norms
 * @param decayEmbeddings whether weight decay applies to the embedding and to the head's projection
 * @param muon the keys that only Muon has
 * @param stateDtype element type of the moments
 * @param parameterRounding how parameters are rounded after an update
 * @param offload whether the moments are kept in the host's memory
 * @param offloadChunkBytes bytes of one moment that are copied together
 * @param offloadSlots the number of chunks for which the device has room, at least 1; as many are copied while forward and backward run
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record OptimizerConfig(OptimizerName name, double lr, double beta1, double beta2, double eps,
        double weightDecay, boolean decayNorms, boolean decayEmbeddings, MuonConfig muon, DType stateDtype,
        ParameterRounding parameterRounding, boolean offload, long offloadChunkBytes,
        int offloadSlots) {

    /** With another value of {@code name}. */
    public OptimizerConfig withName(OptimizerName value) {
        return Components.with(this, "name", value);
    }

    /** With another value of {@code lr}. */
    public OptimizerConfig withLr(double value) {
        return Components.with(this, "lr", value);
    }

    /** With another value of {@code beta1}. */
    public OptimizerConfig withBeta1(double value) {
        return Components.with(this, "beta1", value);
    }

    /** With another value of {@code beta2}. */
    public OptimizerConfig withBeta2(double value) {
        return Components.with(this, "beta2", value);
    }

    /** With another value of {@code eps}. */
    public OptimizerConfig withEps(double value) {
        return Components.with(this, "eps", value);
    }

    /** With another value of {@code weightDecay}. */
    public OptimizerConfig withWeightDecay(double value) {
        return Components.with(this, "weightDecay", value);
    }

    /** With another value of {@code stateDtype}. */
    public OptimizerConfig withStateDtype(DType value) {
        return Components.with(this, "stateDtype", value);
    }

    /** With another value of {@code parameterRounding}. */
    public OptimizerConfig withParameterRounding(ParameterRounding value) {
        return Components.with(this, "parameterRounding", value);
    }

    /** With another value of {@code decayNorms}. */
    public OptimizerConfig withDecayNorms(boolean value) {
        return Components.with(this, "decayNorms", value);
    }

    /** With another value of {@code decayEmbeddings}. */
    public OptimizerConfig withDecayEmbeddings(boolean value) {
        return Components.with(this, "decayEmbeddings", value);
    }

    /** With another value of {@code muon}. */
    public OptimizerConfig withMuon(MuonConfig value) {
        return Components.with(this, "muon", value);
    }

    /** With another value of {@code offload}. */
    public OptimizerConfig withOffload(boolean value) {
        return Components.with(this, "offload", value);
    }

    /** With another value of {@code offloadChunkBytes}. */
    public OptimizerConfig withOffloadChunkBytes(long value) {
        return Components.with(this, "offloadChunkBytes", value);
    }

    /** With another value of {@code offloadSlots}. */
    public OptimizerConfig withOffloadSlots(int value) {
        return Components.with(this, "offloadSlots", value);
    }
}
