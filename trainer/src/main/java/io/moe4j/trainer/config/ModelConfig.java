package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is trained.
 *
 * @param name id of the model provider, such as {@code deepseek_v3}
 * @param flavor a size that the model comes in, such as {@code debugmodel}
 * @param moeCommBackend id of the communication backend
 * @param expertKernels id of the expert kernels
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ModelConfig(String name, String flavor, String moeCommBackend, String expertKernels) {

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
}
