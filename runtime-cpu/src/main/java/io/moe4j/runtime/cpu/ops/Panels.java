package io.moe4j.runtime.cpu.ops;

/**
 * How the result of a product is cut into panels. A panel should be large, because each call of the BLAS packs its operands again. But there must be
 * several panels, and an even number of them, so that two, four or more cores get equal shares. The cut depends on the shape only.
 *
 * @param m rows of the result
 * @param n columns of the result
 * @param rowPanels number of panels along the rows
 * @param columnPanels number of panels along the columns
 */
record Panels(long m, long n, long rowPanels, long columnPanels) {
    /** With fewer multiply-adds than this, handing work to another core costs more than it gains. */
    private static final double SMALL = 1 << 20;
    /** Multiply-adds that a panel should have. */
    private static final double WORTH = 1 << 25;
    /** Extents are cut at multiples of this: the BLAS's register tile. */
    private static final long MULTIPLE = 64;
    private static final long MAX_PANELS = 128;

    record Panel(long row, int rows, long column, int columns) {}

    static Panels of(long m, long n, long k) {
        double work = (double) m * n * k;
        if (m == 0 || n == 0) {
            return new Panels(m, n, 0, 0);
        }
        long rowPanels = 1;
        long columnPanels = 1;
        if (work >= SMALL) {
            double wanted = Math.clamp(work / WORTH, 2, MAX_PANELS);
            while (rowPanels * columnPanels < wanted) {
                double height = (double) m / rowPanels;
                double width = (double) n / columnPanels;
                if (Math.max(height, width) < 2 * MULTIPLE) {
                    break;
                }
                if (height > width) {
                    rowPanels *= 2;
                } else {
                    columnPanels *= 2;
                }
            }
        }
        return new Panels(m, n, rowPanels, columnPanels);
    }

    long count() {
        return rowPanels * columnPanels;
    }

    Panel get(long index) {
        long i = index / columnPanels;
        long j = index % columnPanels;
        long row = cut(m, rowPanels, i);
        long column = cut(n, columnPanels, j);
        return new Panel(row, Math.toIntExact(cut(m, rowPanels, i + 1) - row), column,
                Math.toIntExact(cut(n, columnPanels, j + 1) - column));
    }

    private static long cut(long extent, long parts, long part) {
        if (part == parts) {
            return extent;
        }
        long multiple = extent / parts >= 4 * MULTIPLE ? MULTIPLE : 16;
        return Math.min(extent, Math.round((double) extent / parts * part / multiple) * multiple);
    }
}
