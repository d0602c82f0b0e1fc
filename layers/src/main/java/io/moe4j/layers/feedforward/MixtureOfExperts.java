package io.moe4j.layers.feedforward;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.block.BlockBuilder;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.block.Layer;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * K of E expert networks for each token, and optionally experts that all tokens share.
 *
 * @param count E
 * @param hidden F, inner dimension of an expert
 * @param shared number of experts that all tokens share, computed as one network of hidden dimension {@code shared · hidden}; may be 0
 * @param gate how experts are selected and weighted
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record MixtureOfExperts(int count, long hidden, int shared, Gate gate) implements FeedForwardSpec {

    public MixtureOfExperts {
        boolean counts = count >= 1 && hidden >= 1 && shared >= 0 && gate.topK() >= 1 && gate.topK() <= count;
        boolean groups = gate.groups() >= 1 && count % gate.groups() == 0 && gate.keptGroups() >= 1
                && gate.keptGroups() <= gate.groups();
        if (!counts || !groups || gate.topK() > (long) gate.keptGroups() * (count / gate.groups())) {
            throw new IllegalArgumentException(count + " experts of hidden dimension " + hidden + ", " + shared
                    + " shared, " + gate + ": groups must divide the experts, and top-k experts must fit into the"
                    + " kept groups");
        }
        if (gate.keptGroups() < gate.groups() && gate.groupValue() == GroupValue.TOP_TWO
                && count / gate.groups() < 2) {
            throw new IllegalArgumentException(count + " experts in " + gate.groups()
                    + " groups: a group is valued by its two best experts, so it needs at least two");
        }
    }

    /** Inner dimension of the shared network. */
    public long sharedHidden() {
        return shared * hidden;
    }

    @Override
    public Layer open(BlockBuilder block) {
        return new MixtureLayer(this, block);
    }

    @Override
    public List<AdapterTargets.Matrix> adapterMatrices(long dim) {
        List<AdapterTargets.Matrix> matrices = new ArrayList<>(
                SwiGluNetwork.adapterMatrices("experts", dim, hidden, count, gate.topK()));
        if (shared > 0) {
            matrices.addAll(SwiGluNetwork.adapterMatrices("shared_experts", dim, sharedHidden(), 1, 1));
        }
        return matrices;
    }

    @Override
    public long matrixElements(long dim) {
        return common(dim) + 3 * dim * hidden * count;
    }

    @Override
    public long activeMatrixElements(long dim) {
        return common(dim) + 3 * dim * hidden * gate.topK();
    }

    @Override
    public Optional<Experts> experts() {
        return Optional.of(new Experts(count, gate.topK(), hidden));
    }

    @Override
    public List<String> exportRemarks(boolean biasesMove) {
        return biasesMove && gate.score() == Score.SOFTMAX
                ? List.of(
                        "experts are selected by softmax scores plus biases that training moves, which no published class"
                                + " does: deepseek_v2 and qwen3_moe have no biases, deepseek_v3 has sigmoid scores. Other software"
                                + " will send tokens to other experts; train with moe.load_balance_coeff = 0 to avoid it")
                : List.of();
    }

    @Override
    public String deviceSpi() {
        return gate.keptGroups() < gate.groups() && gate.groupValue() != GroupValue.TOP_TWO ? "1.3" : "1.0";
    }

    private long common(long dim) {
        return dim * count + 3 * dim * sharedHidden();
    }
}
