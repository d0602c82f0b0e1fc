package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How products are divided into panels. */
final class PanelsTest {
    private static final long SEED = 811;

    @Test
    void theInnerDimensionIsCutWhereFewLargePanelsCoverTheResult() {
        assertEquals(new Panels(512, 512, 4096, 1, 2, 4), Panels.of(512, 512, 4096, true));
        assertEquals(new Panels(512, 256, 2048, 2, 1, 2), Panels.of(512, 256, 2048, true));
        assertEquals(new Panels(512, 4096, 512, 1, 8, 1), Panels.of(512, 4096, 512, true), "large enough without");
        assertEquals(1, Panels.of(512, 512, 4096, false).parts(), "where it may not be cut");
        assertEquals(1, Panels.of(16, 16, 1024, true).count(), "too small to hand over");
    }

    /** Of two possible numbers of panels, the closer one is chosen; the longer extent is divided. */
    @Test
    void panelsAreAsManyAndAsSquareAsTheWorkWants() {
        assertEquals(new Panels(512, 3072, 256, 1, 4, 1), Panels.of(512, 3072, 256, true), "6 are wanted");
        assertEquals(new Panels(4096, 512, 512, 8, 1, 1), Panels.of(4096, 512, 512, true));
        assertEquals(128, Panels.of(4096, 4096, 4096, true).count());
    }

    /** The partial sums that wait to be added are limited, whatever the inner dimension. */
    @Test
    void sumsOfPartsTakeAtMostEightMebibytes() {
        Panels panels = Panels.of(1024, 1024, 1 << 20, true);
        assertTrue(PartialSums.elements(panels) <= 1 << 21, panels.toString());
        assertEquals(128, panels.count());
    }

    /** For any product, each multiply-add belongs to exactly one panel. */
    @Test
    void panelsCoverTheProductOnce() {
        Random random = new Random(SEED);
        for (int n = 0; n < 300; n++) {
            Panels panels = Panels.of(1 + random.nextInt(40) * random.nextInt(40), 1 + random.nextInt(1500),
                    1 + random.nextInt(60) * random.nextInt(60), random.nextBoolean());
            BitSet rows = new BitSet();
            BitSet columns = new BitSet();
            BitSet depths = new BitSet();
            long covered = 0;
            for (long i = 0; i < panels.count(); i++) {
                Panels.Panel panel = panels.get(i);
                covered += (long) panel.rows() * panel.columns() * panel.depth();
                rows.set((int) panel.row(), (int) panel.row() + panel.rows());
                columns.set((int) panel.column(), (int) panel.column() + panel.columns());
                depths.set((int) panel.inner(), (int) panel.inner() + panel.depth());
            }
            String of = "seed " + SEED + ": " + panels;
            assertEquals(panels.m() * panels.n() * panels.k(), covered, of);
            assertEquals(panels.m(), rows.cardinality(), of);
            assertEquals(panels.n(), columns.cardinality(), of);
            assertEquals(panels.k(), depths.cardinality(), of);
        }
    }
}
