package io.moe4j.layers.decoder;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;

/**
 * Counts parameters and operations. Per token, forward and backward together, every active element of a matrix costs 6 operations (a multiply-add in
 * forward, two in backward), and attention costs 6 · S · (Q + V) per head: scores and values against S tokens, not halved for the causal mask, as is
 * usual for the model-FLOPs-utilisation figure (Chowdhery et al., "PaLM", 2022, appendix B). Look-ups, norms and the work that recompute repeats are
 * not counted. Here Q and V are the elements of a key and of a value.
 */
final class Figures {

    private Figures() {}

    static ModelFigures of(DecoderSpec spec, long sequence) {
        long d = spec.dim();
        long all = 0;
        long active = 0;
        long norms = d;
        double attended = 0;
        for (BlockSpec block : spec.blocks()) {
            long projections = block.attention().matrixElements(d);
            all += projections + block.feedForward().matrixElements(d);
            active += projections + block.feedForward().activeMatrixElements(d);
            norms += 2 * d + block.attention().normElements();
            AttentionShape shape = block.attention().shape(1, sequence, DType.F32);
            attended += 6.0 * shape.heads() * (shape.queryKeyDim() + shape.valueDim()) * sequence;
        }
        long table = spec.vocabulary() * d;
        long tables = spec.tiedEmbedding() ? table : 2 * table;
        return new ModelFigures(all + norms + tables, active + norms + tables, 6.0 * (active + table) + attended);
    }
}
