package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The description of a model before it is opened: an immutable value.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ModelSpec {

    /** Name for people. */
    String name();

    /** V, the size of the vocabulary: ids are in [0, V). */
    long vocabulary();

    /** Longest supported sequence, in tokens. */
    long maxSequence();

    /** Its mixture of experts, if it has one. */
    Optional<MoeSpec> moe();

    /** This spec with another communication backend, by id. */
    ModelSpec withMoeCommBackend(String id);

    /**
     * The extents of each block's attention for {@code batch} sequences; empty if there is no attention, or if the model does not report it. Since
     * SPI 1.2.
     */
    default Optional<AttentionShape> attention(long batch, long sequence, DType dtype) {
        return Optional.empty();
    }

    /**
     * The first version of the device SPI that has all operations that the model uses. With a device of an earlier version, the configuration check
     * refuses the model. Since SPI 1.3.
     */
    default String deviceSpi() {
        return "1.0";
    }

    /**
     * Whether the model keeps the documents of a sequence apart where {@link io.moe4j.autograd.sharding.Microbatch#documents} says where they
     * begin: a token attends within its document only, and positions start again from 0 in each. Without this, the configuration check refuses
     * document boundaries. Since SPI 1.4.
     */
    default boolean keepsDocumentsApart() {
        return false;
    }

    /**
     * Whether the model adds {@linkplain ModelContext#routerLosses losses of routing} when it is opened with them. Without this, the configuration check
     * refuses them. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default boolean hasRouterLosses() {
        return false;
    }

    /**
     * How many modules for multi-token prediction the model has (DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 2.2). At position i, the model
     * itself predicts token i + 1, and module k (from 1) predicts token i + 1 + k. Only training uses the modules. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default int predictionDepth() {
        return 0;
    }

    /**
     * This spec with {@code depth} modules for multi-token prediction. Since SPI 1.4.
     *
     * @throws IllegalArgumentException if the model cannot have that many
     * @since 0.3.0
     */
    default ModelSpec withPredictionDepth(int depth) {
        if (depth != predictionDepth()) {
            throw new IllegalArgumentException(name() + " has " + predictionDepth() + " modules for multi-token"
                    + " prediction, and cannot have " + depth
                    + "; set model.num_nextn_predict_layers to auto, or choose another model");
        }
        return this;
    }

    /**
     * Bytes of cache that generation needs for each token of a sequence, over all layers; empty if the model cannot generate. Since SPI 1.4.
     *
     * @param dtype type of the activations
     */
    default OptionalLong cacheBytesPerToken(DType dtype) {
        return OptionalLong.empty();
    }

    /**
     * Sentences that say where this model computes differently from every published class of its family, each with the remedy; empty if there is no
     * difference. Code that exports weights for other software must report them. Since SPI 1.3.
     *
     * @param biasesMove whether training moves the experts' biases
     */
    default List<String> exportRemarks(boolean biasesMove) {
        return List.of();
    }

    /**
     * The names that {@link LoraSpec#targets} may contain; empty if the model does not support low-rank updates. A name is that of a matrix in a published
     * checkpoint, such as {@code "q_proj"}, and stands for this matrix in all blocks, or it is the name of a group of matrices. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default List<String> adapterTargets() {
        return List.of();
    }

    /**
     * Figures of a model with low-rank updates: {@code parameters} and {@code activeParameters} count those of the updates only, and operations are those of
     * forward and backward while all other parameters are frozen. Since SPI 1.4.
     *
     * @throws IllegalArgumentException if a target is not one of {@link #adapterTargets}
     * @since 0.3.0
     */
    default ModelFigures figures(long sequence, LoraSpec lora) {
        throw new IllegalArgumentException(name() + " has no low-rank updates: ModelSpec.adapterTargets is empty");
    }

    /** Numbers of parameters and operations. */
    ModelFigures figures(long sequence);

    /** Problems with a parallel layout and a sequence length, each a sentence with values, rule and remedy; empty if there are none. */
    List<String> problems(int expertParallelRanks, long sequence);

    /** Opens it for one rank; its parameters are allocated and initialised. */
    Model open(ModelContext context);

    /**
     * The routed experts of a model.
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
     * @param parameters number of all parameters
     * @param activeParameters number of those that one token uses
     * @param flopsPerToken operations of forward and backward for one token (a multiply-add is two), recompute not counted
     */
    record ModelFigures(long parameters, long activeParameters, double flopsPerToken) {}
}
