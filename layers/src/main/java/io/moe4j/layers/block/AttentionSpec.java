package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.List;
import java.util.OptionalLong;

/**
 * The first layer of a block, before it is opened: an immutable value. A model family with its own kind of attention implements this.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface AttentionSpec {

    /** Declares its parameters, and opens it. */
    Layer open(BlockBuilder block);

    /** The extents of the attention for {@code batch} sequences of {@code sequence} tokens. */
    AttentionShape shape(long batch, long sequence, DType dtype);

    /** Elements of all its matrices, in a model of dimension {@code dim}; each token uses all of them. */
    long matrixElements(long dim);

    /** Elements of its norms' weights. */
    long normElements();

    /**
     * Elements that its {@link CachedLayer} keeps for each token of a sequence; empty if {@link #open} returns a layer that is no CachedLayer, so that the
     * model cannot generate.
     *
     * @since 0.3.0
     */
    default OptionalLong cacheElements() {
        return OptionalLong.empty();
    }

    /** Whether each token attends to its own document only, with the document starts of {@link BlockBuilder#documents}. */
    default boolean keepsDocumentsApart() {
        return false;
    }

    /**
     * Its matrices, of which low-rank updates can be trained; empty if it supports none. All of them are declared through
     * {@link BlockBuilder#linear}.
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
}
