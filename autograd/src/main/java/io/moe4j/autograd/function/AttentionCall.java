package io.moe4j.autograd.function;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.DocumentStarts;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What {@link Functions#attention(io.moe4j.autograd.Tape, AttentionCall, io.moe4j.autograd.Variable, io.moe4j.autograd.Variable,
 * io.moe4j.autograd.Variable) attention} computes.
 *
 * @param name for error messages
 * @param shape extents
 * @param scale factor of the scores
 * @param documents where documents begin, if tokens attend within their document only
 * @param values maps v, or the gradient with respect to v, to a view (B, S, G, V) of the values in it; the view's last stride is 1
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record AttentionCall(String name, AttentionShape shape, float scale, Optional<DocumentStarts> documents,
        UnaryOperator<Tensor> values) {

    /** With values (B·S, G·V), over sequences of one document each. */
    public static AttentionCall of(String name, AttentionShape shape, float scale) {
        return new AttentionCall(name, shape, scale, Optional.empty(),
                v -> v.view(shape.batch(), shape.sequence(), shape.keyHeads(), shape.valueDim()));
    }

    /** The same, within documents. */
    public AttentionCall withDocuments(Optional<DocumentStarts> starts) {
        return new AttentionCall(name, shape, scale, starts, values);
    }

    /**
     * The same, with values that are a part of v. Backward then writes only this part of the gradient with respect to v; the operation that reads the rest of
     * v must write the rest.
     */
    public AttentionCall withValues(UnaryOperator<Tensor> partOfV) {
        return new AttentionCall(name, shape, scale, documents, partOfV);
    }
}
