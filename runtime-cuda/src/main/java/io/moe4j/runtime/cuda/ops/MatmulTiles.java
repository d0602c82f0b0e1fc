package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * Chooses one of the algorithms that the library recommends for a product, by its tile: the part of the result that a block of threads computes. The library
 * lists first the algorithm that it expects to be the fastest at full clocks. But in training a GPU runs at its power limit, where tiles smaller than the
 * largest are about 5% faster. The table below follows the measurements in benchmarks/2026-11-30-products-under-the-power-limit.md.
 *
 * <p>The choice depends on its arguments only, so it is the same in every run and on every rank. It does not change results: an algorithm is replaced only if
 * both it and the other one add all terms of an element in order, in one sum.
 */
final class MatmulTiles {
    /** How many algorithms the library is asked for. */
    static final int CANDIDATES = 8;

    /** The library's numbers of tiles. It is column-major, so its 176x128 has 176 columns and 128 rows of our result. */
    static final int TILE_256x128 = 24;
    static final int TILE_128x160 = 29;
    static final int TILE_176x128 = 201;
    static final int TILE_192x192 = 209;
    static final int TILE_320x128 = 248;

    private static final int HOPPER = 90;
    /** The table was measured with 2048 to 102,400 columns. With 576, the first algorithm was the fastest. */
    private static final long LEAST_COLUMNS = 2048;
    /** With 512 and 576 terms, writing the result counts as much as computing it; with 1536, the first algorithm was the fastest again. */
    private static final long FEW_TERMS = 1024;

    private MatmulTiles() {}

    /**
     * The properties of an algorithm on which the choice depends.
     *
     * @param tile the library's name of its tile
     * @param split whether the terms of an element are summed in several parts
     */
    record Candidate(int tile, boolean split) {}

    /**
     * The index of the algorithm to use.
     *
     * @param computeCapability of the device, such as 90
     * @param candidates in the library's order, at least one
     */
    static int choose(MatmulShape shape, int computeCapability, List<Candidate> candidates) {
        Candidate first = candidates.getFirst();
        if (computeCapability != HOPPER || first.split() || !isMeasured(shape.in()) || !isMeasured(shape.out())
                || shape.n() < LEAST_COLUMNS) {
            return 0;
        }
        for (int tile : better(first.tile(), shape.k())) {
            int place = candidates.indexOf(new Candidate(tile, false));
            if (place >= 0) {
                return place;
            }
        }
        return 0;
    }

    /** Whether the table was measured with elements of this type. */
    private static boolean isMeasured(DType type) {
        return switch (type) {
            case BF16 -> true;
            case F32, F8_E4M3, I32, I64 -> false;
        };
    }

    /** Tiles that are faster than {@code first}, the tile of the library's first algorithm; the best one first. */
    private static List<Integer> better(int first, long terms) {
        return switch (first) {
            case TILE_192x192, TILE_320x128 -> List.of(TILE_176x128, TILE_128x160, TILE_256x128);
            case TILE_256x128 -> terms <= FEW_TERMS ? List.of(TILE_128x160) : List.of();
            default -> List.of();
        };
    }
}
