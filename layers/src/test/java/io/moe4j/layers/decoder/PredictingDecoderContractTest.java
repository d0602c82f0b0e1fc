package io.moe4j.layers.decoder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import org.junit.jupiter.api.Test;

/** With two modules for multi-token prediction, and one parameter for embedding and head. */
class PredictingDecoderContractTest extends TiedDecoderContractTest {

    @Override
    protected ModelSpec spec() {
        return MixedDecoder.small(true).withPredictionDepth(2);
    }

    /** Each module has the last block, a projection of 2 · 32 to 32, and three norms, and uses the head once more. */
    @Test
    @Override
    void aTiedEmbeddingIsCountedOnce() {
        ModelFigures plain = MixedDecoder.small(true).figures(64);
        ModelFigures one = MixedDecoder.small(true).withPredictionDepth(1).figures(64);
        ModelFigures two = spec().figures(64);
        BlockSpec last = MixedDecoder.small(true).blocks().getLast();
        long block = last.attention().matrixElements(32) + last.feedForward().matrixElements(32)
                + last.attention().normElements() + 2 * 32;
        assertEquals(block + 2 * 32 * 32 + 3 * 32, one.parameters() - plain.parameters());
        assertEquals(one.parameters() - plain.parameters(), two.parameters() - one.parameters());
        double attended = 6.0 * 64 * last.attention().shape(1, 64, DType.F32).heads()
                * 2 * last.attention().shape(1, 64, DType.F32).valueDim();
        assertEquals(6.0 * (last.attention().matrixElements(32) + last.feedForward().activeMatrixElements(32)
                + 2 * 32 * 32 + 100 * 32) + attended, one.flopsPerToken() - plain.flopsPerToken());
    }

    @Test
    void labelsThatAreIgnoredNeedTheirDevice() {
        assertEquals("1.4", spec().deviceSpi());
        assertEquals(4, spec().moe().orElseThrow().layers());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> MixedDecoder.small(true).withPredictionDepth(-1))
                .getMessage().contains("-1 modules"));
    }
}
