package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.huggingface.FolderConfig;
import java.nio.file.Path;

/**
 * The model that a configuration names: that of the folder {@code model.from}, or else a flavor.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class ConfiguredModel {

    private ConfiguredModel() {}

    /**
     * The model's spec, with the communication backend of the configuration.
     *
     * @throws InputException if the folder's {@code config.json} cannot be used
     * @throws IllegalArgumentException if there is no such model or flavor
     */
    public static ModelSpec spec(TrainerConfig config, Registry registry) {
        ModelConfig model = config.model();
        ModelSpec spec = model.from().map(folder -> FolderConfig.read(folder, registry).spec())
                .orElseGet(() -> registry.get(ModelProvider.class, model.name()).flavor(model.flavor()));
        return predicting(config, spec).withMoeCommBackend(model.moeCommBackend());
    }

    /**
     * The spec with as many modules for multi-token prediction as the configuration says. Low-rank updates leave them out.
     *
     * @throws InputException if a folder has weights of fewer
     * @throws IllegalArgumentException if the model cannot have so many
     */
    static ModelSpec predicting(TrainerConfig config, ModelSpec spec) {
        int wanted = Math.clamp(config.model().numNextnPredictLayers().orElse(spec.predictionDepth()), 0,
                RangeRules.MOST_PREDICTION);
        if (config.model().from().isPresent() && wanted > spec.predictionDepth()) {
            throw new InputException("model.num_nextn_predict_layers = " + wanted + ", and the folder has "
                    + (spec.predictionDepth() == 0 ? "no weights of such modules; set it to auto or 0"
                            : "weights of " + spec.predictionDepth() + " such modules; set it to auto, or to 0 to "
                                    + spec.predictionDepth()));
        }
        return trained(config, spec.withPredictionDepth(wanted));
    }

    /**
     * The model that is trained: with low-rank updates it has no modules for multi-token prediction, because the updates would not train them.
     *
     * @param spec the whole model
     */
    public static ModelSpec trained(TrainerConfig config, ModelSpec spec) {
        return config.lora().isOn() ? spec.withPredictionDepth(0) : spec;
    }

    /** Parameters and operations of a model as it is trained: with low-rank updates, backward computes no gradients with respect to the other parameters. */
    public static ModelSpec.ModelFigures figures(TrainerConfig config, ModelSpec spec) {
        ModelSpec.ModelFigures whole = spec.figures(config.training().seqLen());
        return config.lora().spec().map(lora -> new ModelSpec.ModelFigures(whole.parameters(), whole.activeParameters(),
                spec.figures(config.training().seqLen(), lora).flopsPerToken())).orElse(whole);
    }

    /** If the model comes from a folder, sets {@code model.name} to the family of that model, and {@code model.flavor} to the name of the folder. */
    static TrainerConfig named(TrainerConfig config, Registry registry) {
        if (config.model().from().isEmpty()) {
            return config;
        }
        try {
            FolderConfig folder = FolderConfig.read(config.model().from().get(), registry);
            return config.withModel(config.model().withName(folder.provider().id())
                    .withFlavor(folderName(config.model().from().get())));
        } catch (InputException e) {
            // PlugInRules reports this problem.
            return config;
        }
    }

    /** The last part of the folder's path: {@code base} for {@code models/base}, and for {@code .} in it. */
    private static String folderName(Path folder) {
        Path whole = folder.toAbsolutePath().normalize();
        return String.valueOf(whole.getFileName() == null ? whole : whole.getFileName());
    }
}
