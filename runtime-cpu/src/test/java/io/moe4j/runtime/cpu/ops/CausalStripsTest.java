package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.runtime.cpu.ops.CausalStrips.Strip;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which scores of a block are computed. */
final class CausalStripsTest {
    @Test
    void theExampleOfTheClass() {
        assertEquals(List.of(new Strip(0, 128, 0, 192), new Strip(64, 64, 192, 64)), CausalStrips.of(128, 128, 256));
        assertEquals(List.of(new Strip(0, 128, 0, 512)), CausalStrips.of(512, 128, 512));
    }

    /** Each query meets each key that it may attend to exactly once, and at most 63 others in a tile. */
    @Test
    void coverWhatTheMaskLeaves() {
        for (int ahead = -64; ahead <= 256; ahead += 64) {
            for (int rows : new int[] {1, 2, 63, 64, 65, 127, 128}) {
                for (int keys : new int[] {1, 64, 65, 127, 200, 256}) {
                    check(CausalStrips.of(ahead, rows, keys), ahead, rows, keys);
                }
            }
        }
    }

    private static void check(List<Strip> strips, int ahead, int rows, int keys) {
        int[][] covered = new int[rows][keys];
        for (Strip r : strips) {
            for (int row = r.row(); row < r.row() + r.rows(); row++) {
                for (int key = r.key(); key < r.key() + r.keys(); key++) {
                    covered[row][key]++;
                }
            }
        }
        for (int row = 0; row < rows; row++) {
            for (int key = 0; key < keys; key++) {
                String where = strips + " of " + rows + " x " + keys + ", " + ahead + " ahead, at " + row + ", "
                        + key;
                assertTrue(covered[row][key] <= 1, where);
                assertTrue(key > row + ahead || covered[row][key] == 1, where);
                assertTrue(key < row + ahead + CausalStrips.KEYS || covered[row][key] == 0, where);
            }
        }
    }
}
