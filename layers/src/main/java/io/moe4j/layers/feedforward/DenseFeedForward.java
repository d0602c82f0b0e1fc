package io.moe4j.layers.feedforward;

import io.moe4j.api.Stability;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.List;

/**
 * One SwiGLU network for all tokens.
 *
 * @param hidden its inner dimension
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DenseFeedForward(long hidden) implements FeedForwardSpec {

    public DenseFeedForward {
        if (hidden < 1) {
            throw new IllegalArgumentException("dense hidden dimension " + hidden + ": it must be at least 1");
        }
    }

    @Override
    public Layer open(BlockBuilder block) {
        return SwiGluNetwork.of(block, "feed_forward", "mlp.", hidden)::forward;
    }

    @Override
    public List<AdapterTargets.Matrix> adapterMatrices(long dim) {
        return SwiGluNetwork.adapterMatrices("mlp", dim, hidden, 1, 1);
    }

    @Override
    public long matrixElements(long dim) {
        return 3 * dim * hidden;
    }

    @Override
    public long activeMatrixElements(long dim) {
        return matrixElements(dim);
    }
}
