package io.moe4j.layers.attention;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.layers.block.AttentionSpec;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.List;
import java.util.OptionalLong;

/**
 * Grouped-query attention (Ainslie et al., "GQA", 2023): H heads of queries, in G groups of consecutive heads, and one head of keys and values for each
 * group. With H = 4 and G = 2, query heads 0 and 1 attend over key head 0, and 2 and 3 over key head 1. All elements of queries and keys are rotated.
 *
 * @param heads H
 * @param keyHeads G, a divisor of H
 * @param headNorms whether each head of queries and keys is normalised, with the model's epsilon, before it is rotated
 * @param rotary the rotary embedding; its dimension is Q, the elements of a head
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record GroupedQueryAttention(long heads, long keyHeads, boolean headNorms, RotarySpec rotary)
        implements AttentionSpec {

    public GroupedQueryAttention {
        if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("attention of " + heads + " heads of queries over " + keyHeads
                    + " heads of keys and values: both must be at least 1, and the second must divide the first");
        }
    }

    /** Q: elements of a query, key or value. */
    public long headDim() {
        return rotary.dim();
    }

    /** Factor of the scores. */
    public float softmaxScale() {
        return (float) (1 / Math.sqrt(headDim()));
    }

    @Override
    public Layer open(BlockBuilder block) {
        return new GroupedQueryLayer(this, block);
    }

    @Override
    public AttentionShape shape(long batch, long sequence, DType dtype) {
        return new AttentionShape(batch, sequence, heads, keyHeads, headDim(), headDim(), dtype);
    }

    /** Keys and values. */
    @Override
    public OptionalLong cacheElements() {
        return OptionalLong.of(2 * keyHeads * headDim());
    }

    @Override
    public long matrixElements(long dim) {
        return 2 * dim * (heads + keyHeads) * headDim();
    }

    @Override
    public List<AdapterTargets.Matrix> adapterMatrices(long dim) {
        return List.of(new AdapterTargets.Matrix("q_proj", heads * headDim(), dim),
                new AdapterTargets.Matrix("k_proj", keyHeads * headDim(), dim),
                new AdapterTargets.Matrix("v_proj", keyHeads * headDim(), dim),
                new AdapterTargets.Matrix("o_proj", dim, heads * headDim()));
    }

    @Override
    public long normElements() {
        return headNorms ? 2 * headDim() : 0;
    }

    @Override
    public boolean keepsDocumentsApart() {
        return true;
    }

    @Override
    public String deviceSpi() {
        return "1.3";
    }
}
