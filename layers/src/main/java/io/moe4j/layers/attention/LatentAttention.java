package io.moe4j.layers.attention;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.layers.block.AttentionSpec;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import io.moe4j.layers.rotary.Rotation;

/**
 * Multi-head latent attention (DeepSeek-V2, 2024): keys and values are computed from a latent that the heads share, and all heads share one rotary
 * key.
 *
 * @param heads H
 * @param query how queries are computed
 * @param latent elements of the key-value latent
 * @param nope elements of a query or key that are not rotated
 * @param value V, elements of a value of one head
 * @param rotary the rotary embedding of the other elements of a query or key
 * @param temperature m: scores are multiplied by m² · Q^-0.5
 * @param latentEps epsilon of the norms of the latents
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record LatentAttention(long heads, QueryProjection query, long latent, long nope, long value, RotarySpec rotary,
        double temperature, float latentEps) implements AttentionSpec {

    public LatentAttention {
        if (heads < 1 || latent < 1 || nope < 1 || value < 1 || !(temperature > 0) || !(latentEps > 0)) {
            throw new IllegalArgumentException("attention of " + heads + " heads, key-value latent " + latent
                    + ", head dims " + nope + " (nope) and " + value + " (value), temperature " + temperature
                    + ", epsilon of the latents " + latentEps + ": all must be positive");
        }
    }

    /** Q = nope + rope: elements of a query or key of one head. */
    public long queryKey() {
        return nope + rotary.dim();
    }

    /** Factor of the scores. */
    public float softmaxScale() {
        return (float) (temperature * temperature / Math.sqrt(queryKey()));
    }

    @Override
    public Layer open(BlockBuilder block) {
        return new LatentAttentionLayer(this, block);
    }

    @Override
    public AttentionShape shape(long batch, long sequence, DType dtype) {
        return new AttentionShape(batch, sequence, heads, queryKey(), value, dtype);
    }

    /** The normalised latent, and the rotated key that all heads share: with a latent of 512 and 64 rotated elements, 576. */
    @Override
    public OptionalLong cacheElements() {
        return OptionalLong.of(latent + rotary.dim());
    }

    @Override
    public long matrixElements(long dim) {
        long queries = switch (query) {
            case QueryProjection.Direct() -> dim * heads * queryKey();
            case QueryProjection.LowRank(long rank) -> dim * rank + rank * heads * queryKey();
        };
        return queries + dim * (latent + rotary.dim()) + latent * heads * (nope + value) + heads * value * dim;
    }

    @Override
    public List<AdapterTargets.Matrix> adapterMatrices(long dim) {
        List<AdapterTargets.Matrix> matrices = new ArrayList<>();
        switch (query) {
            case QueryProjection.Direct() -> matrices.add(new AdapterTargets.Matrix("q_proj", heads * queryKey(), dim));
            case QueryProjection.LowRank(long rank) -> {
                matrices.add(new AdapterTargets.Matrix("q_a_proj", rank, dim));
                matrices.add(new AdapterTargets.Matrix("q_b_proj", heads * queryKey(), rank));
            }
        }
        matrices.add(new AdapterTargets.Matrix("kv_a_proj_with_mqa", latent + rotary.dim(), dim));
        matrices.add(new AdapterTargets.Matrix("kv_b_proj", heads * (nope + value), latent));
        matrices.add(new AdapterTargets.Matrix("o_proj", dim, heads * value));
        return matrices;
    }

    @Override
    public long normElements() {
        return latent + (query instanceof QueryProjection.LowRank(long rank) ? rank : 0);
    }

    @Override
    public boolean keepsDocumentsApart() {
        return true;
    }

    @Override
    public String deviceSpi() {
        return rotary.rotation() == Rotation.PAIRS ? "1.0" : "1.3";
    }
}
