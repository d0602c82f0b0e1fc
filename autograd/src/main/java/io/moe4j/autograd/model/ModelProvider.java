package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The SPI of models; selected by {@code model.name}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ModelProvider extends Provider {

    /**
     * The version of this SPI; see {@link Provider#spiVersion()}. 1.2 added {@link ModelSpec#attention}; 1.3 added {@link Model#stages},
     * {@link ModelSpec#deviceSpi}, {@link ModelSpec#exportRemarks} and {@link #huggingFaceTypes}; 1.4 added {@link Stage.Last#losses},
     * {@link ModelSpec#keepsDocumentsApart}, {@link Model#openDecoding}, {@link ModelSpec#cacheBytesPerToken}, {@link ModelContext#blank},
     * {@link #toHuggingFace}, low-rank updates ({@link ModelContext#lora}, {@link ModelSpec#adapterTargets}, {@link Model#adapterNames}), products in
     * types with scales and values converted once a step ({@link Model#prepare}), and multi-token prediction: {@link ModelSpec#predictionDepth},
     * {@link ModelContext#predictionWeight}, {@link Model#predictionLosses}, {@link Model#repeatedNames}.
     */
    String SPI_VERSION = "1.4";

    /** Names of the available sizes. */
    List<String> flavors();

    /**
     * The spec of a size.
     *
     * @throws IllegalArgumentException if there is no such flavor; the message lists those that exist
     */
    ModelSpec flavor(String name);

    /** The values of {@code model_type} in a {@code config.json} that {@link #fromHuggingFace} can read. Since SPI 1.3. */
    default List<String> huggingFaceTypes() {
        return List.of(id());
    }

    /**
     * The spec in a Hugging Face {@code config.json}.
     *
     * @throws IllegalArgumentException listing every key that is missing or unsupported
     */
    ModelSpec fromHuggingFace(Map<String, Object> config);

    /**
     * The {@code config.json} of a model of this family: {@link #fromHuggingFace} of the returned keys gives a model that computes the same. Since SPI 1.4.
     *
     * @return empty if this provider writes no {@code config.json}
     * @throws IllegalArgumentException if no published class computes what the spec says; the message lists why
     */
    default Optional<HuggingFaceForm> toHuggingFace(ModelSpec spec) {
        return Optional.empty();
    }
}
