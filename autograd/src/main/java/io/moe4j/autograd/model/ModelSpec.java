package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import java.util.List;
import java.util.Optional;

/** What a model is, before it is opened: an immutable value. */
@Stability(Stability.Level.EVOLVING)
public interface ModelSpec {

    /** Name for people. */
    String name();

    /** V: ids are in [0, V). */
    long vocabulary();

    /** Longest sequence that it is made for, in tokens. */
    long maxSequence();

    /** Its mixture of experts, if it has one. */
    Optional<MoeSpec> moe();

    /** This spec with another communication backend, by id. */
    ModelSpec withMoeCommBackend(String id);

    /** What each block attends over, for {@code batch} sequences; empty if it does not attend, or does not say. Since SPI 1.2. */
    default Optional<AttentionShape> attention(long batch, long sequence, DType dtype) {
        return Optional.empty();
    }

    /**
     * The first version of the device SPI that has all operations that it uses: on a device of an earlier one it is refused when the configuration is
     * checked. Since SPI 1.3.
     */
    default String deviceSpi() {
        return "1.0";
    }

    /**
     * What no published class of this family computes as this model does, in words with the remedy; empty if there is nothing. Whatever writes weights for
     * other software must say it. Since SPI 1.3.
     *
     * @param biasesMove whether training moves the experts' biases
     */
    default List<String> exportRemarks(boolean biasesMove) {
        return List.of();
    }

    /** Parameters and operations. */
    ModelFigures figures(long sequence);

    /** What is wrong with a parallel layout and a batch, in words with values, rule and remedy; empty if nothing. */
    List<String> problems(int expertParallelRanks, long sequence);

    /** Opens it for one rank; its parameters are allocated and initialised. */
    Model open(ModelContext context);

    /**
     * The routed part.
     *
     * @param experts E
     * @param topK K
     * @param dim D
     * @param expertHidden F
     * @param layers number of MoE layers
     * @param commBackend id of the communication backend
     */
    record MoeSpec(int experts, int topK, long dim, long expertHidden, int layers, String commBackend) {}

    /**
     * Figures of a model.
     *
     * @param parameters all
     * @param activeParameters those that one token uses
     * @param flopsPerToken operations of forward and backward for one token (a multiply-add is two), recompute not counted
     */
    record ModelFigures(long parameters, long activeParameters, double flopsPerToken) {}
}
