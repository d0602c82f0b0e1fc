package io.moe4j.runtime.cpu.ops;

import java.util.ArrayList;
import java.util.List;

/**
 * The scores of a block of queries and a tile of keys that a causal mask does not hide, as rectangles side by side: first the keys that all queries of the
 * block may attend to, then strips of {@link #KEYS} keys, each with the queries from its first key on. A product of many queries costs less per query,
 * because the BLAS copies the keys once for all.
 *
 * <p>Example: queries 128 to 255 and keys 0 to 255 give two rectangles: all 128 queries with keys 0 to 191, and queries 192 to 255 with keys 192 to 255.
 */
final class CausalStrips {
    /** Keys of a strip. */
    static final int KEYS = 64;

    private CausalStrips() {}

    /** {@code rows} queries from number {@code row} of the block on, and {@code keys} keys from number {@code key} of the tile on. */
    record Strip(int row, int rows, int key, int keys) {}

    /**
     * Divides the scores into strips. Each key of the tile that a query of the block may attend to belongs to one strip. If the tile does not begin after the
     * block's first query, the first strip has all queries.
     *
     * @param ahead how many tokens the tile begins before the block's first query; negative if it begins after that
     * @param rows queries of the block
     * @param keys keys of the tile
     */
    static List<Strip> of(int ahead, int rows, int keys) {
        List<Strip> strips = new ArrayList<>();
        int begin = Math.clamp(ahead + KEYS, 0, keys);
        if (begin > 0) {
            strips.add(new Strip(0, rows, 0, begin));
        }
        for (int key = begin; key < keys; key += KEYS) {
            int row = Math.max(0, key - ahead);
            if (row < rows) {
                strips.add(new Strip(row, rows - row, key, Math.min(KEYS, keys - key)));
            }
        }
        return strips;
    }
}
