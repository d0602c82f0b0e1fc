package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The rule by which parameters are updated.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum OptimizerName {
    /** AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019) for all parameters. */
    ADAMW,
    /** Muon (Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024) for matrices; AdamW for embeddings, the head's projection and norms. */
    MUON
}
