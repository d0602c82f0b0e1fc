package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.List;
import java.util.Optional;

/**
 * The second layer of a block, before it is opened: an immutable value. A model family with its own kind of network implements this.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface FeedForwardSpec {

    /** Declares its parameters, and opens it. */
    Layer open(BlockBuilder block);

    /** Elements of all its matrices, in a model of dimension {@code dim}. */
    long matrixElements(long dim);

    /** Elements of the matrices that one token uses. */
    long activeMatrixElements(long dim);

    /** Its routed experts, if it has any. */
    default Optional<Experts> experts() {
        return Optional.empty();
    }

    /** See {@link io.moe4j.autograd.model.ModelSpec#exportRemarks}. */
    default List<String> exportRemarks(boolean biasesMove) {
        return List.of();
    }

    /**
     * Its matrices, of which low-rank updates can be trained; empty if it supports none. All of them are declared through
     * {@link BlockBuilder#linear} or {@link BlockBuilder#expertAdapters}.
     *
     * @param dim of the model
     * @since 0.3.0
     */
    default List<AdapterTargets.Matrix> adapterMatrices(long dim) {
        return List.of();
    }

    /** See {@link io.moe4j.autograd.model.ModelSpec#deviceSpi}. */
    default String deviceSpi() {
        return "1.0";
    }

    /**
     * Routed experts. All layers with experts have the same values in a model, so that they can share their buffers.
     *
     * @param count E
     * @param topK K, experts of a token
     * @param hidden F, inner dimension of an expert
     */
    record Experts(int count, int topK, long hidden) {}
}
