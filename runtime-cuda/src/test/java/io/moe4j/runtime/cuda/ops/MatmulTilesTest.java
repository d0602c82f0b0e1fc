package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.MatmulTiles.TILE_128x160;
import static io.moe4j.runtime.cuda.ops.MatmulTiles.TILE_176x128;
import static io.moe4j.runtime.cuda.ops.MatmulTiles.TILE_192x192;
import static io.moe4j.runtime.cuda.ops.MatmulTiles.TILE_256x128;
import static io.moe4j.runtime.cuda.ops.MatmulTiles.TILE_320x128;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.tensor.DType;
import io.moe4j.runtime.cuda.ops.MatmulTiles.Candidate;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which algorithm is chosen from a list that the library recommended on an H200. */
final class MatmulTilesTest {
    private static final int HOPPER = 90;
    private static final int TILE_128x256 = 23;
    private static final int TILE_192x128 = 31;
    private static final int TILE_128x192 = 32;
    private static final int TILE_168x128 = 197;
    private static final List<Candidate> DENSE_UP = whole(TILE_192x192, TILE_320x128, TILE_256x128, TILE_128x256,
            TILE_192x128, TILE_128x192, TILE_176x128, TILE_168x128);

    @Test
    void theLargestTilesAreReplaced() {
        assertEquals(6, choose(21888, 2048, DENSE_UP));
        assertEquals(5, choose(102400, 2048, whole(TILE_320x128, TILE_256x128, TILE_128x256, TILE_192x192,
                TILE_192x128, TILE_176x128, TILE_168x128, TILE_128x192)));
        assertEquals(5, choose(4096, 2048, whole(TILE_320x128, TILE_256x128, TILE_128x256, TILE_128x192, TILE_192x192,
                TILE_128x160, 495, TILE_192x128)));
        assertEquals(1, choose(8192, 4096, whole(TILE_192x192, TILE_256x128, TILE_128x256)));
    }

    @Test
    void fewTermsTakeASmallerTile() {
        List<Candidate> found = whole(TILE_256x128, TILE_320x128, TILE_128x256, TILE_128x192, TILE_128x160, 495,
                TILE_192x192, TILE_192x128);
        assertEquals(4, choose(4096, 512, found));
        assertEquals(4, choose(4096, 1024, found));
        assertEquals(0, choose(4096, 1032, found));
    }

    @Test
    void othersStay() {
        assertEquals(0, choose(2048, 2048, whole(TILE_256x128, TILE_128x256, TILE_128x160, TILE_176x128)));
        assertEquals(0, choose(4096, 2048, whole(TILE_128x256, TILE_256x128, TILE_176x128)));
        assertEquals(0, choose(4096, 2048, whole(TILE_192x192)));
        assertEquals(0, choose(4096, 2048, whole(TILE_320x128, TILE_192x192)));
    }

    /** The latents' 576 columns are three tiles of 192. */
    @Test
    void fewColumnsKeepTheFirst() {
        assertEquals(0, choose(576, 2048, whole(TILE_192x192, TILE_192x128, 184, TILE_320x128, 28, TILE_128x160)));
        assertEquals(0, choose(2047, 2048, DENSE_UP));
        assertEquals(6, choose(2048, 2048, DENSE_UP));
    }

    /** Not replaced if terms are summed in several parts, because results would have other bits. */
    @Test
    void sumsInPartsNeitherReplaceNorAreReplaced() {
        assertEquals(2, choose(8192, 2048, List.of(new Candidate(TILE_192x192, false),
                new Candidate(TILE_176x128, true), new Candidate(TILE_176x128, false))));
        assertEquals(0, choose(8192, 2048, List.of(new Candidate(TILE_192x192, true),
                new Candidate(TILE_176x128, false))));
        assertEquals(0, choose(8192, 2048, List.of(new Candidate(TILE_192x192, false),
                new Candidate(TILE_176x128, true))));
    }

    /** Neither other GPUs nor other types were measured. */
    @Test
    void otherGpusAndTypesKeepTheFirst() {
        for (int capability : new int[] {80, 89, 100, 120}) {
            assertEquals(0, MatmulTiles.choose(shape(21888, 2048, DType.BF16, DType.BF16), capability, DENSE_UP));
        }
        assertEquals(0, MatmulTiles.choose(shape(21888, 2048, DType.BF16, DType.F32), HOPPER, DENSE_UP));
        assertEquals(0, MatmulTiles.choose(shape(21888, 2048, DType.F32, DType.F32), HOPPER, DENSE_UP));
    }

    private static int choose(long columns, long terms, List<Candidate> candidates) {
        return MatmulTiles.choose(shape(columns, terms, DType.BF16, DType.BF16), HOPPER, candidates);
    }

    private static MatmulShape shape(long columns, long terms, DType in, DType out) {
        return new MatmulShape(16384, columns, terms, false, true, terms, terms, columns, in, out, 256);
    }

    private static List<Candidate> whole(Integer... tiles) {
        return List.of(tiles).stream().map(tile -> new Candidate(tile, false)).toList();
    }
}
