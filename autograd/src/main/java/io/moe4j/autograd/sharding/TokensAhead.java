package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * What a module for multi-token prediction reads of a microbatch, on the device: for each token, the token that lies k places later, and the label of that
 * token. For example, with k = 1 a sequence of the ids [5, 6, 7, 8] and the labels [6, 7, 8, 9] has the ids [6, 7, 8, 8] and the labels [7, 8, 9, -100]
 * ahead.
 *
 * @param ids_T I32 (B·S), in [0, V). Where the sequence, or the document, ends before, the id does not matter: the label is ignored there
 * @param labels_T I32 (B·S), in [0, V), or {@link LossOps#IGNORED_LABEL}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record TokensAhead(Tensor ids_T, Tensor labels_T) {

    public TokensAhead {
        for (Tensor tensor : new Tensor[] {ids_T, labels_T}) {
            if (tensor.dtype() != DType.I32 || tensor.rank() != 1 || tensor.elements() != ids_T.elements()) {
                throw new IllegalArgumentException("tokens ahead with the ids " + ids_T + " and the labels " + labels_T
                        + ": both must be I32 (B·S)");
            }
        }
    }
}
