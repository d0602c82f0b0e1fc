package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is trained.
 *
 * @param name id of the model provider, such as {@code deepseek_v3}
 * @param flavor a size that the model comes in, such as {@code debugmodel}
 * @param moeCommBackend id of the communication backend
 * @param expertKernels id of the expert kernels
 */
@Stability(Stability.Level.EVOLVING)
public record ModelConfig(String name, String flavor, String moeCommBackend, String expertKernels) {}
