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
     * The label of a token that has no loss and no gradient, such as a token of a prompt. Since version 1.4 of the device SPI; a device of an earlier
     * one refuses it as an id outside of the vocabulary.
     */
    int IGNORED_LABEL = -100;

    /**
     * Cross-entropy and its gradient: loss[0] += Σ_t scale · (logsumexp(logits[t]) - logits[t, labels[t]]), in the order of t;
     * logits[t] is replaced by scale · (softmax(logits[t]) - onehot(labels[t])). If a label is {@link #IGNORED_LABEL}, the token's loss and all elements of
     * its gradient are 0, whatever its logits are. For example with labels [3, -100], only the first token has a loss.
     *
     * @param logits_TV F32 or BF16, overwritten by the gradient with respect to the logits
     * @param labels_T I32 in [0, V), or {@link #IGNORED_LABEL}
     * @param scale factor of each token, such as 1 / (tokens of all ranks)
     * @param rowLoss_T F32 scratch: each token's loss (unscaled), overwritten
     * @param loss F32 (1), added to
     */
    void crossEntropy(Stream stream, Tensor logits_TV, Tensor labels_T, float scale, Tensor rowLoss_T, Tensor loss);
}
