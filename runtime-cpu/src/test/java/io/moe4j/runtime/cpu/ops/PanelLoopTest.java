package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A loop over the panels of several products has each panel once, and their partial sums one after the other. */
final class PanelLoopTest {
    private static final Panels DEEP = Panels.of(512, 512, 4096, true);
    private static final Panels WIDE = Panels.of(512, 4096, 512, true);
    private static final Panels NONE = Panels.of(0, 8, 8, true);
    private static final Panels SMALL = Panels.of(8, 8, 8, true);

    @Test
    void hasEachPanelOnce() {
        List<Panels> products = List.of(NONE, DEEP, SMALL, NONE, WIDE, DEEP);
        PanelLoop loop = new PanelLoop(products);
        long index = 0;
        for (int product = 0; product < products.size(); product++) {
            for (long panel = 0; panel < products.get(product).count(); panel++, index++) {
                assertEquals(product, loop.product(index));
                assertEquals(products.get(product).get(panel), loop.panel(product, index));
            }
        }
        assertEquals(index, loop.count());
    }

    @Test
    void hasSumsSideBySide() {
        assertTrue(DEEP.parts() > 1 && WIDE.parts() == 1, DEEP + ", " + WIDE);
        PanelLoop loop = new PanelLoop(List.of(DEEP, WIDE, DEEP));
        Rows c = new Rows(0, 512, 512, 512, false);
        long elements = PartialSums.elements(DEEP);
        assertEquals(1000, loop.sums(0, 1000, c).address());
        assertEquals(1000 + 4 * elements, loop.sums(2, 1000, c).address());
        assertEquals(2 * elements, loop.sums());
    }
}
