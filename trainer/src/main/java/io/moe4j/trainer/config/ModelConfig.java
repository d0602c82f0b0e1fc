package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The model that is trained, and the plug-ins for its experts.
 *
 * @param name id of the model provider, such as {@code deepseek_v3}
 * @param flavor one of the model's sizes, such as {@code debugmodel}; the name of the folder {@code from}, if the model is that of a folder
 * @param moeCommBackend id of the communication backend
 * @param expertKernels id of the expert kernels
 * @param numNextnPredictLayers number of modules for multi-token prediction; empty ({@code auto}) for as many as the model folder has. Since 0.3.0
 * @param from a folder in Hugging Face's layout with the model and its weights, instead of {@code name} and {@code flavor}
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ModelConfig(String name, String flavor, String moeCommBackend, String expertKernels,
        Optional<Integer> numNextnPredictLayers, Optional<Path> from) {

    /** With another value of {@code name}. */
    public ModelConfig withName(String value) {
        return Components.with(this, "name", value);
    }

    /** With another value of {@code flavor}. */
    public ModelConfig withFlavor(String value) {
        return Components.with(this, "flavor", value);
    }

    /** With another value of {@code moeCommBackend}. */
    public ModelConfig withMoeCommBackend(String value) {
        return Components.with(this, "moeCommBackend", value);
    }

    /** With another value of {@code expertKernels}. */
    public ModelConfig withExpertKernels(String value) {
        return Components.with(this, "expertKernels", value);
    }

    /** With another value of {@code numNextnPredictLayers}; empty for as many as the model comes with. */
    public ModelConfig withNumNextnPredictLayers(Optional<Integer> value) {
        return Components.with(this, "numNextnPredictLayers", value);
    }

    /** With another value of {@code from}. */
    public ModelConfig withFrom(Optional<Path> value) {
        return Components.with(this, "from", value);
    }
}
