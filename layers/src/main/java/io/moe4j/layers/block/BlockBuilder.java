package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.layers.rotary.RotaryTables;
import io.moe4j.layers.unit.AdapterTargets;
import io.moe4j.layers.unit.Adapters;
import io.moe4j.layers.unit.Linear;
import io.moe4j.layers.unit.RmsNorm;
import io.moe4j.layers.unit.UnitBuilder;
import java.util.List;
import java.util.Optional;

/**
 * Everything that the layers of one block need to be opened.
 *
 * @param context what the model is opened with
 * @param layer number of the block, from 0
 * @param dim D
 * @param eps epsilon of the model's norms
 * @param dense collects the parameters that every rank has
 * @param experts collects the parameters of this rank's experts
 * @param denseAdapters collects the low-rank updates of the matrices in {@code dense}; since 0.3.0
 * @param expertAdapters collects the low-rank updates of the matrices in {@code experts}; since 0.3.0
 * @param rotary the model's rotary embeddings
 * @param documents where documents begin; a layer with attention reads it each time that it is run
 * @param balance biases and counts of the block's experts, if it has any
 * @param routerLosses where the router's auxiliary losses are summed, if the block has experts and the model has such losses; since 0.3.0
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record BlockBuilder(ModelContext context, int layer, long dim, float eps, UnitBuilder dense,
        UnitBuilder experts, Adapters denseAdapters, Adapters expertAdapters, RotaryTables rotary,
        CurrentDocuments documents, Optional<ExpertBalance.Layer> balance,
        Optional<RouterLossSums.Layer> routerLosses) {

    /**
     * The builder for one part of the block: without low-rank updates if the part lists no matrices for them. A family that wraps a layer to rename its
     * tensors lists none; the layer's matrices are then frozen whatever the targets are, in agreement with the figures and exports.
     *
     * @param listed the part's {@code adapterMatrices}
     * @since 0.3.0
     */
    public BlockBuilder updating(List<AdapterTargets.Matrix> listed) {
        return listed.isEmpty()
                ? new BlockBuilder(context, layer, dim, eps, dense, experts, denseAdapters.none(),
                        expertAdapters.none(), rotary, documents, balance, routerLosses)
                : this;
    }

    /** The prefix of the block's names in a checkpoint, such as {@code model.layers.3.} */
    public String prefix() {
        return "model.layers." + layer + ".";
    }

    /**
     * Standard deviation of the matrices whose results are added to the residual stream: smaller in later blocks, so that the residual stream does
     * not grow.
     */
    public double outputStd() {
        return UnitBuilder.STD / Math.sqrt(2.0 * (layer + 1));
    }

    /** Declares a matrix (out, in) with the usual initial values. {@code checkpointName} follows the prefix. */
    public Linear linear(String name, String checkpointName, long out, long in) {
        return linear(dense.matrix(name, prefix() + checkpointName, UnitBuilder.STD, out, in));
    }

    /** Declares a matrix (D, in) whose results are added to the residual stream. */
    public Linear output(String name, String checkpointName, long in) {
        return linear(dense.matrix(name, prefix() + checkpointName, outputStd(), dim, in));
    }

    /**
     * The product with a matrix that was declared in {@link #dense}, in the type of dense products, with low-rank updates where it is a target of them.
     *
     * @since 0.3.0
     */
    public Linear linear(Parameter matrix) {
        matrix.multiplyIn(context.precision().dense());
        return new Linear(matrix, denseAdapters.of(matrix));
    }

    /** Declares a norm over {@code width} elements with its own epsilon. */
    public RmsNorm norm(String name, String checkpointName, long width, float epsilon) {
        return new RmsNorm(dense.norm(name, prefix() + checkpointName, width), epsilon);
    }
}
