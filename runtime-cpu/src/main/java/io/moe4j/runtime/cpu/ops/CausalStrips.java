package io.moe4j.runtime.cpu.ops;

import java.util.ArrayList;
import java.util.List;

/**
 * The scores of a block of queries and a tile of keys that a causal mask leaves, as rectangles: keys that all queries of the block may attend to first, and
 * then strips of {@link #KEYS} keys, each with the queries from its first key on. A product of many queries costs less for each of them, because the BLAS
 * copies the keys once for all.
 *
 * <p>Example: queries 128 to 255 and keys 0 to 255 give two rectangles: all 128 queries with keys 0 to 191, and queries 192 to 255 with keys 192 to 255.
 */
final class CausalStrips {
    /** Keys of a strip. */
    static final int KEYS = 64;

    /** Queries from {@code row} of the block on, and keys from {@code key} of the tile on. */
    record Rectangle(int row, int rows, int key, int keys) {}

    private final int ahead;
    private final int rows;
    private final int keys;

    /**
     * @param ahead keys of the tile that lie before the block's first query; negative where the tile begins after it
     * @param rows queries of the block
     * @param keys keys of the tile
     */
    CausalStrips(int ahead, int rows, int keys) {
        this.ahead = ahead;
        this.rows = rows;
        this.keys = keys;
    }

    /** Rectangles side by side: each key of the tile belongs to at most one. */
    List<Rectangle> besideEachOther() {
        List<Rectangle> strips = new ArrayList<>();
        int begin = Math.clamp(ahead + KEYS, 0, keys);
        if (begin > 0) {
            strips.add(new Rectangle(0, rows, 0, begin));
        }
        for (int key = begin; key < keys; key += KEYS) {
            int row = Math.max(0, key - ahead);
            if (row < rows) {
                strips.add(new Rectangle(row, rows - row, key, Math.min(KEYS, keys - key)));
            }
        }
        return strips;
    }

    /** Rectangles below each other, each from the first key on: each query of the block that may attend to a key of the tile belongs to one. */
    List<Rectangle> belowEachOther() {
        if (keys <= ahead + KEYS) {
            return List.of(new Rectangle(0, rows, 0, keys));
        }
        List<Rectangle> strips = new ArrayList<>();
        for (int row = 0; row < rows; row += KEYS) {
            int seen = Math.clamp(ahead + row + KEYS, 0, keys);
            if (seen > 0) {
                strips.add(new Rectangle(row, Math.min(KEYS, rows - row), 0, seen));
            }
        }
        return strips;
    }
}
