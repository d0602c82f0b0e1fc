package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.Optional;

/**
 * Number of steps, sizes of batches, and element types, which are {@code float32} or {@code bfloat16} in files.
 *
 * @param steps optimizer steps, at least 1
 * @param localBatchSize B, sequences of one rank in a microbatch, at least 1
 * @param gradientAccumulationSteps microbatches of a step, whose gradients are added up; 0 for the number that follows from globalBatchSize, or 1
 * @param globalBatchSize sequences of a step, all ranks together; 0 for the number that follows from gradientAccumulationSteps
 * @param seqLen S, tokens of a sequence, at least 1
 * @param seed seed of initial values and of the order of the data
 * @param maxNorm the largest norm of all gradients, above 0; larger ones are scaled down to it
 * @param mtpLossFactor factor of the mean loss of modules for multi-token prediction, above 0; since 0.3.0
 * @param dtype element type of activations and of gathered parameters
 * @param parameterDtype element type of the parameters' shards
 * @param gradientDtype element type of the gradients' shards
 * @param expertDtype element type of the operands of products in experts, if it is not {@code dtype}: {@code float8}; since 0.3.0
 * @param denseDtype element type of the operands of products in attention and dense feed-forward networks, if it is not {@code dtype}; since 0.3.0
 * @param keepConverted whether parameters that a rank holds whole are kept in {@code dtype} too, and converted as they are updated; since 0.3.0
 * @param overlap whether shards are gathered and reduced, and rows exchanged, while the main stream computes; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record TrainingConfig(int steps, int localBatchSize, int gradientAccumulationSteps, int globalBatchSize,
        int seqLen,
        long seed, double maxNorm, double mtpLossFactor, DType dtype, DType parameterDtype, DType gradientDtype,
        Optional<DType> expertDtype, Optional<DType> denseDtype, KeepConverted keepConverted, Overlap overlap) {

    /** T = B·S, tokens of one rank in a microbatch. */
    public long localTokens() {
        return (long) localBatchSize * seqLen;
    }

    /** With another value of {@code steps}. */
    public TrainingConfig withSteps(int value) {
        return Components.with(this, "steps", value);
    }

    /** With another value of {@code localBatchSize}. */
    public TrainingConfig withLocalBatchSize(int value) {
        return Components.with(this, "localBatchSize", value);
    }

    /** With another value of {@code seqLen}. */
    public TrainingConfig withSeqLen(int value) {
        return Components.with(this, "seqLen", value);
    }

    /** With another value of {@code seed}. */
    public TrainingConfig withSeed(long value) {
        return Components.with(this, "seed", value);
    }

    /** With another value of {@code maxNorm}. */
    public TrainingConfig withMaxNorm(double value) {
        return Components.with(this, "maxNorm", value);
    }

    /** With another value of {@code mtpLossFactor}. */
    public TrainingConfig withMtpLossFactor(double value) {
        return Components.with(this, "mtpLossFactor", value);
    }

    /** With another value of {@code dtype}. */
    public TrainingConfig withDtype(DType value) {
        return Components.with(this, "dtype", value);
    }

    /** With another value of {@code parameterDtype}. */
    public TrainingConfig withParameterDtype(DType value) {
        return Components.with(this, "parameterDtype", value);
    }

    /** With another value of {@code gradientDtype}. */
    public TrainingConfig withGradientDtype(DType value) {
        return Components.with(this, "gradientDtype", value);
    }

    /**
     * Element type of the operands of products in experts.
     *
     * @since 0.3.0
     */
    public DType expertProducts() {
        return expertDtype.orElse(dtype);
    }

    /**
     * Element type of the operands of products in attention and dense feed-forward networks.
     *
     * @since 0.3.0
     */
    public DType denseProducts() {
        return denseDtype.orElse(dtype);
    }

    /** With another value of {@code expertDtype}; empty for {@code dtype}. */
    public TrainingConfig withExpertDtype(Optional<DType> value) {
        return Components.with(this, "expertDtype", value);
    }

    /** With another value of {@code denseDtype}; empty for {@code dtype}. */
    public TrainingConfig withDenseDtype(Optional<DType> value) {
        return Components.with(this, "denseDtype", value);
    }

    /** With another value of {@code keepConverted}. */
    public TrainingConfig withKeepConverted(KeepConverted value) {
        return Components.with(this, "keepConverted", value);
    }

    /** With another value of {@code overlap}. */
    public TrainingConfig withOverlap(Overlap value) {
        return Components.with(this, "overlap", value);
    }

    /** With another value of {@code gradientAccumulationSteps}. */
    public TrainingConfig withGradientAccumulationSteps(int value) {
        return Components.with(this, "gradientAccumulationSteps", value);
    }

    /** With another value of {@code globalBatchSize}. */
    public TrainingConfig withGlobalBatchSize(int value) {
        return Components.with(this, "globalBatchSize", value);
    }
}
