package io.moe4j.layers.decoder;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.LoraSpec;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Counts parameters and operations. Per token, forward and backward together, every active element of a matrix costs 6 operations (a multiply-add in
 * forward, two in backward), and attention costs 6 · S · (Q + V) per head: scores and values against S tokens, not halved for the causal mask, as is
 * usual for the model-FLOPs-utilisation figure (Chowdhery et al., "PaLM", 2022, appendix B). Look-ups, norms and the work that recompute repeats are
 * not counted. Here Q and V are the elements of a key and of a value.
 */
final class Figures {

    private Figures() {}

    /**
     * With frozen matrices, an active element costs 4 operations: backward computes no gradient with respect to it. An element of an update costs 6.
     */
    static ModelFigures of(DecoderSpec spec, long sequence, LoraSpec lora) {
        long all = 0;
        long active = 0;
        for (BlockSpec block : spec.blocks()) {
            for (AdapterTargets.Matrix matrix : block.matrices(spec.dim())
                    .filter(each -> each.isIn(lora.targets())).toList()) {
                long elements = lora.rank() * (matrix.in() + matrix.out());
                all += matrix.count() * elements;
                active += matrix.active() * elements;
            }
        }
        return new ModelFigures(all, active,
                of(spec, sequence).flopsPerToken() - 2.0 * activeMatrices(spec) + 6.0 * active);
    }

    /** Elements of matrices that one token uses: those of blocks, and the head's. */
    private static long activeMatrices(DecoderSpec spec) {
        return spec.vocabulary() * spec.dim() + spec.blocks().stream().mapToLong(block -> block.attention()
                .matrixElements(spec.dim()) + block.feedForward().activeMatrixElements(spec.dim())).sum();
    }

    static ModelFigures of(DecoderSpec spec, long sequence) {
        long d = spec.dim();
        long all = 0;
        long active = 0;
        long norms = d;
        double attended = 0;
        long modules = spec.predictionDepth();
        List<BlockSpec> blocks = new ArrayList<>(spec.blocks());
        blocks.addAll(Collections.nCopies(spec.predictionDepth(), spec.predictionBlock()));
        for (BlockSpec block : blocks) {
            long projections = block.attention().matrixElements(d);
            all += projections + block.feedForward().matrixElements(d);
            active += projections + block.feedForward().activeMatrixElements(d);
            norms += 2 * d + block.attention().normElements();
            AttentionShape shape = block.attention().shape(1, sequence, DType.F32);
            attended += 6.0 * shape.heads() * (shape.queryKeyDim() + shape.valueDim()) * sequence;
        }
        // Each module projects 2D to D, has three norms beside those of its block, and uses the head once more.
        all += modules * 2 * d * d;
        active += modules * 2 * d * d;
        norms += modules * 3 * d;
        long table = spec.vocabulary() * d;
        long tables = spec.tiedEmbedding() ? table : 2 * table;
        return new ModelFigures(all + norms + tables, active + norms + tables,
                6.0 * (active + (1 + modules) * table) + attended);
    }
}
