package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.layers.decoder.DecoderSpec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the parameter counts of a PyTorch model of the same size. */
class FiguresTest {

    @ParameterizedTest
    @CsvSource({"debugmodel, 33014016, 28098816", "16B, 15706484224, 2661150208", "236B, 235741434880, 21375800320",
            "671B, 671026404352, 37552282624"})
    void parametersAreCounted(String flavor, long all, long active) {
        ModelFigures figures = Flavors.of(flavor).figures(4096);
        assertEquals(all, figures.parameters());
        assertEquals(active, figures.activeParameters());
    }

    /**
     * Of the module's own: 257 experts of 3 · 7168 · 2048, the gate, latent attention, the projection of 2 · 7168 to 7168, and five norms. The
     * description of the published weights says "11.5 billion".
     */
    @Test
    void aModuleForMultiTokenPredictionIsCounted() {
        double experts = 257.0 * 3 * 7168 * 2048;
        double gate = 256.0 * 7168;
        double attention = 7168.0 * 1536 + 1536 + 1536.0 * 128 * 192 + 7168.0 * 576 + 512 + 512.0 * 128 * 256
                + 128.0 * 128 * 7168;
        ModelFigures with = Flavors.of("671B").withPredictionDepth(1).figures(4096);
        ModelFigures without = Flavors.of("671B").figures(4096);
        assertEquals(experts + gate + attention + 2.0 * 7168 * 7168 + 5 * 7168, with.parameters() - without
                .parameters());
    }

    @Test
    void operationsOfMatricesAndAttention() {
        assertEquals(920383488d, Flavors.of("debugmodel").figures(4096).flopsPerToken());
        assertEquals(18105237504d, Flavors.of("16B").figures(4096).flopsPerToken());
    }

    @Test
    void layoutsThatDoNotFitAreNamed() {
        DecoderSpec spec = Flavors.of("debugmodel");
        assertEquals(List.of(), spec.problems(4, 2048));
        List<String> problems = spec.problems(3, 1 << 20);
        assertEquals(2, problems.size());
        assertTrue(problems.get(1).contains("degree 3 does not divide the 8 experts"), problems.get(1));
    }

    @Test
    void unknownFlavorsListTheKnownOnes() {
        String message = assertThrows(IllegalArgumentException.class, () -> Flavors.of("17B")).getMessage();
        assertTrue(message.contains("debugmodel, 16B_4layers, 16B, 236B, 671B"), message);
    }
}
