package io.moe4j.app.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Bytes and operations of the debug model, worked out by hand: 512 tokens of a rank to 1536 rows of 256 floats, two of eight experts, F = 256. */
class FiguresTest {
    private static final MoeSpec MOE = new MoeSpec(8, 3, 256, 256, 5, "any");

    private final MoeFigures rank = MoeFigures.of(MOE, 512, 2, DType.F32, DType.BF16);

    @Test
    void exchange() {
        // Ids of 4 bytes become destinations of 8.
        same(1536 * 12, 0, rank.plan());
        // 512 rows in and 1536 out, 1 KiB each; destinations; a float for each row in and out.
        same(2_097_152 + 12_288 + 12_288, 0, rank.dispatch());
        same(2_097_152 + 12_288, 0, rank.combine());
        same(2_109_440, 0, rank.combineAdjoint());
        same(2_121_728, 0, rank.dispatchAdjoint());
        same(3 * 2_121_728 + 2 * 2_109_440, 0, rank.exchanges());
    }

    @Test
    void swiglu() {
        same(3 * 1_572_864 + 6144, 0, rank.swiglu());
        same(5 * 1_572_864 + 2 * 6144, 0, rank.swigluBackward());
    }

    @Test
    void products() {
        // Rows of 256 and 512 floats, and two matrices of 256 x 512: floats, but bf16 where they are gradients.
        same(4_718_592 + 1_048_576, 402_653_184, rank.gateUp());
        same(4_718_592 + 1_048_576, 402_653_184, rank.gateUpInput());
        same(4_718_592 + 524_288, 402_653_184, rank.gateUpWeight());
        same(3_145_728 + 524_288, 201_326_592, rank.down());
        same(3_145_728 + 524_288, 201_326_592, rank.downInput());
        same(3_145_728 + 262_144, 201_326_592, rank.downWeight());
    }

    @Test
    void allRanksTogetherAreFourTimesOne() {
        List<BenchPart> one = rank.layer();
        List<BenchPart> all = MoeFigures.of(MOE, 2048, 8, DType.F32, DType.BF16).layer();
        assertEquals(13, all.size());
        for (int i = 0; i < all.size(); i++) {
            same(4 * one.get(i).bytes(), 4 * one.get(i).flops(), all.get(i));
        }
    }

    @Test
    void attention() {
        AttentionFigures figures = new AttentionFigures(new AttentionShape(1, 512, 16, 192, 128, DType.F32));
        // q and k of 192, v and o of 128; a float for each row and head. Half of the square of 512 scores, 16 heads, a multiply-add is two.
        same(20_971_520 + 32_768, 512.0 * 512 * 16 * (192 + 128), figures.forward());
        same(2 * 20_971_520 + 32_768, 512.0 * 512 * 16 * (3 * 192 + 2 * 128), figures.backward());
    }

    @Test
    void theFloorIsWhatIsScarcer() {
        MachineRates rates = new MachineRates(100, 1000, 10);
        assertEquals(2, new BenchPart("moves", 200, 1000).floor(rates));
        assertEquals(3, new BenchPart("computes", 200, 3000).floor(rates));
        assertEquals(7, new BenchPart("crosses", 200, 70, 3000).floor(rates));
    }

    /** Of 512 tokens' 3 rows each, three quarters go to the experts on the other three of four devices. */
    @Test
    void rowsLeaveTheirDevice() {
        MoeFigures spread = rank.over(4);
        double leaving = 0.75 * rank.rows();
        assertEquals(leaving * (4.0 * MOE.dim() + 4), spread.dispatch().linkBytes());
        assertEquals(leaving * 4.0 * MOE.dim(), spread.combine().linkBytes());
        assertEquals(leaving * (5 * 4.0 * MOE.dim() + 3 * 4), spread.exchanges().linkBytes());
        assertEquals(0, rank.over(1).exchanges().linkBytes());
        assertEquals(0, spread.gateUp().linkBytes());
        same(rank.dispatch().bytes(), 0, spread.dispatch());
    }

    /** Of 512 tokens on rank 0 of two, each sends one row to rank 1, where the rows of 200 of them are copied; without it, half of 1536 rows cross. */
    @Test
    void rowsThatAreSentOnce() {
        MoeFigures once = rank.over(2).sending(Optional.of(new RowsSentOnce(512, 200)));
        assertEquals(512 * 1024 + 768 * (4 + 4), once.dispatch().linkBytes());
        assertEquals(512 * 1024 + 768 * 4, once.combineAdjoint().linkBytes());
        assertEquals(rank.over(2).combine(), once.combine());
        assertEquals(rank.dispatch().bytes() + 200 * 1024 + 1536 * 8, once.dispatch().bytes());
        assertEquals(2 * once.dispatch().linkBytes() + once.combine().linkBytes() + once.combineAdjoint().linkBytes()
                + once.dispatchAdjoint().linkBytes(), once.exchanges().linkBytes());
    }

    /** Four ranks of two experts each. Token 0 has experts of ranks 1, 1, 0; token 1 of ranks 3, 2, 3; token 2 of rank 0 only. */
    @Test
    void rowsAreCountedByTokenAndRank() {
        int[] ids = {2, 3, 0, 6, 4, 7, 0, 1, 1};
        assertEquals(new RowsSentOnce(3, 2), RowsSentOnce.count(ids, 3, 2, 0, List.of(0, 1, 1, 1), false));
        assertEquals(new RowsSentOnce(2, 1), RowsSentOnce.count(ids, 3, 2, 0, List.of(0, 0, 1, 1), false));
        assertEquals(new RowsSentOnce(2, 2), RowsSentOnce.count(ids, 3, 2, 0, List.of(0, 0, 1, 1), true));
        assertEquals(new RowsSentOnce(0, 0), RowsSentOnce.count(ids, 3, 2, 0, List.of(0, 0, 0, 0), false));
    }

    private static void same(double bytes, double flops, BenchPart part) {
        assertEquals(bytes, part.bytes(), part.name());
        assertEquals(flops, part.flops(), part.name());
    }
}
