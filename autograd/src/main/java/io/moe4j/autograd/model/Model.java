package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model, open for one rank. Methods enqueue on the rank's main stream; none waits for the device.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Model extends AutoCloseable {

    /** Its parameters, in units. */
    List<ParameterUnit> units();

    /** Its stages in the order of the forward pass, for a schedule to drive; empty if the model can only run as a whole. Since SPI 1.3. */
    default List<Stage> stages() {
        return List.of();
    }

    /**
     * Enqueues the work that is needed once for all passes over the same parameter values, such as quantizing matrices ({@link ParameterUnit#prepare}).
     * Called before the first {@link #begin} of a step, and before an evaluation; part of what is captured. {@link #forwardBackward}, {@link #logits} and
     * {@link #locateNonFinite} do not need it. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default void prepare() {}

    /**
     * Announces the microbatch whose forward or backward is enqueued next. Gradients and {@link #tokensPerExpert()} of a step's first microbatch
     * overwrite those of the previous step; later microbatches add to them. Until the next call, everything that is enqueued keeps the documents of this
     * microbatch apart, {@link #logits} and {@link #locateNonFinite} included. A schedule calls this whenever it switches to another microbatch. Since SPI
     * 1.3, with documents since SPI 1.4.
     *
     * @throws UnsupportedOperationException if the step has several microbatches and the model supports only one, or if the microbatch has documents
     *         and the model does not keep them apart
     */
    default void begin(Microbatch microbatch) {
        if (microbatch.count() > 1) {
            throw new UnsupportedOperationException(getClass().getName() + " cannot sum over " + microbatch.count()
                    + " microbatches: Model.begin is not implemented; set training.gradient_accumulation_steps to 1");
        }
        if (microbatch.documents().isPresent()) {
            throw new UnsupportedOperationException(
                    getClass().getName() + " cannot keep documents apart: Model.begin is"
                            + " not implemented; train it without document boundaries");
        }
    }

    /**
     * Forward and backward: adds the scaled sum of the tokens' losses to {@code loss}, leaves the gradients, summed over ranks, in the units' gradient
     * shards, and counts tokens per expert. Called inside a step's scope. May be captured, if the communication backend allows it.
     *
     * @param ids_T I32 (B·S)
     * @param labels_T I32 (B·S)
     * @param scale factor of each token's loss: 1 / (tokens of all ranks) for the mean
     * @param loss F32 (1)
     */
    void forwardBackward(Tensor ids_T, Tensor labels_T, float scale, Tensor loss);

    /** Forward only: {@code logits_TV} is F32, overwritten. Called inside a step's scope. */
    void logits(Tensor ids_T, Tensor logits_TV);

    /**
     * Opens a sequence that grows token by token, with a cache for {@code capacity} tokens; see {@link DecodingSession}. The model must be open for as
     * long as the session is. Since SPI 1.4.
     *
     * @param capacity the most tokens of the sequence, at least 1 and at most the length that the model was opened for
     * @throws UnsupportedOperationException if the model cannot generate
     */
    default DecodingSession openDecoding(long capacity) {
        throw new UnsupportedOperationException(getClass().getName()
                + " cannot generate: Model.openDecoding is not implemented; it came with version 1.4 of the model SPI");
    }

    /**
     * The number of tokens that each expert received in the step's microbatches so far, I32 (E), by layer index; counted over this rank's expert-parallel
     * group.
     */
    Map<Integer, Tensor> tokensPerExpert();

    /**
     * Moves the experts' biases towards balance, from {@link #tokensPerExpert()} summed over all ranks that the context's groups cover. Call it once
     * per step, before the optimizer.
     */
    void updateExpertBias(float coefficient);

    /**
     * The sums of the tokens' balance and z terms in the step's microbatches so far, by layer: F32 (L, 2), over this rank's tokens; empty if the model was
     * opened without {@linkplain ModelContext#routerLosses losses of routing}. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Optional<Tensor> routerLosses() {
        return Optional.empty();
    }

    /**
     * The sums of the losses of each module for multi-token prediction in the step's microbatches so far, over this rank's tokens, times the scale that
     * {@link #forwardBackward} was given and {@link ModelContext#predictionWeight}: F32 (modules); empty if the model has no such modules. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Optional<Tensor> predictionLosses() {
        return Optional.empty();
    }

    /**
     * Maps each tensor name of a Hugging Face checkpoint to its place in a parameter, for the tensors that this rank has (all except other ranks' experts).
     */
    Map<String, ParameterSlice> checkpointNames();

    /**
     * Maps the names that PEFT gives to the matrices of low-rank updates to their place in a parameter. A name is, for example,
     * {@code "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"}; empty if the model was opened without {@linkplain ModelContext#lora them}.
     * They are not among {@link #checkpointNames}. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Map<String, ParameterSlice> adapterNames() {
        return Map.of();
    }

    /**
     * Tensors that published checkpoints contain twice: maps the second name to the name in {@link #checkpointNames}. Modules for multi-token prediction come
     * with copies of the embedding and of the head. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Map<String, String> repeatedNames() {
        return Map.of();
    }

    /** Persistent tensors that are not parameters, by checkpoint name: the biases of the experts, F32. */
    Map<String, Tensor> buffers();

    /** Runs forward once more, waits for the device, and returns the name of the first segment whose output has a value that is not finite. */
    String locateNonFinite(Tensor ids_T);

    @Override
    void close();

    /**
     * A checkpoint tensor.
     *
     * @param parameter the parameter that contains it
     * @param from first element within the part of the parameter that this rank has
     * @param shape its extents
     */
    record ParameterSlice(Parameter parameter, long from, List<Long> shape) {

        /** Number of elements. */
        public long elements() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }
    }
}
