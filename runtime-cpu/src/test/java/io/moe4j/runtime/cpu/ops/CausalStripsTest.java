package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.runtime.cpu.ops.CausalStrips.Rectangle;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which scores of a block are computed. */
final class CausalStripsTest {
    @Test
    void theExampleOfTheClass() {
        CausalStrips strips = new CausalStrips(128, 128, 256);
        assertEquals(List.of(new Rectangle(0, 128, 0, 192), new Rectangle(64, 64, 192, 64)), strips.besideEachOther());
        assertEquals(List.of(new Rectangle(0, 64, 0, 192), new Rectangle(64, 64, 0, 256)), strips.belowEachOther());
        assertEquals(List.of(new Rectangle(0, 128, 0, 512)), new CausalStrips(512, 128, 512).belowEachOther());
    }

    /** Each query meets each key that it may attend to exactly once, and at most 63 others in a tile. */
    @Test
    void coverWhatTheMaskLeaves() {
        for (int ahead = -64; ahead <= 256; ahead += 64) {
            for (int rows : new int[] {1, 2, 63, 64, 65, 127, 128}) {
                for (int keys : new int[] {1, 64, 65, 127, 200, 256}) {
                    CausalStrips strips = new CausalStrips(ahead, rows, keys);
                    check(strips.besideEachOther(), ahead, rows, keys);
                    check(strips.belowEachOther(), ahead, rows, keys);
                }
            }
        }
    }

    private static void check(List<Rectangle> rectangles, int ahead, int rows, int keys) {
        int[][] covered = new int[rows][keys];
        for (Rectangle r : rectangles) {
            for (int row = r.row(); row < r.row() + r.rows(); row++) {
                for (int key = r.key(); key < r.key() + r.keys(); key++) {
                    covered[row][key]++;
                }
            }
        }
        for (int row = 0; row < rows; row++) {
            for (int key = 0; key < keys; key++) {
                String where = rectangles + " of " + rows + " x " + keys + ", " + ahead + " ahead, at " + row + ", "
                        + key;
                assertTrue(covered[row][key] <= 1, where);
                assertTrue(key > row + ahead || covered[row][key] == 1, where);
                assertTrue(key < row + ahead + CausalStrips.KEYS || covered[row][key] == 0, where);
            }
        }
    }
}
