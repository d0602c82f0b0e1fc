package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * The training loss.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface LossOps {

    /**
     * Cross-entropy and its gradient: loss[0] += Σ_t scale · (logsumexp(logits[t]) - logits[t, labels[t]]), in the order of t;
     * logits[t] is replaced by scale · (softmax(logits[t]) - onehot(labels[t])).
     *
     * @param logits_TV F32 or BF16, overwritten by the gradient with respect to the logits
     * @param labels_T I32 in [0, V)
     * @param scale factor of each token, such as 1 / (tokens of all ranks)
     * @param rowLoss_T F32 scratch: each token's loss (unscaled), overwritten
     * @param loss F32 (1), added to
     */
    void crossEntropy(Stream stream, Tensor logits_TV, Tensor labels_T, float scale, Tensor rowLoss_T, Tensor loss);
}
