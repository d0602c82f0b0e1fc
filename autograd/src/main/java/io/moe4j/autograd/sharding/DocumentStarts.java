package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * Where the documents of a microbatch begin, on the device. For example, a sequence of 5 tokens with documents of 2 and 3 has the starts [0, 0, 2, 2, 2]
 * and the positions [0, 1, 0, 1, 2].
 *
 * @param starts_T I32 (B·S): for each token the place in its sequence where its document begins; see
 *        {@link io.moe4j.api.ops.AttentionOps.Forward#withStarts}
 * @param positions_T I32 (B·S): the place of each token in its document, which is its place in its sequence minus its start
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DocumentStarts(Tensor starts_T, Tensor positions_T) {

    public DocumentStarts {
        for (Tensor tensor : new Tensor[] {starts_T, positions_T}) {
            if (tensor.dtype() != DType.I32 || tensor.rank() != 1 || tensor.elements() != starts_T.elements()) {
                throw new IllegalArgumentException("documents by starts " + starts_T + " and positions " + positions_T
                        + ": both must be I32 (B·S)");
            }
        }
    }
}
