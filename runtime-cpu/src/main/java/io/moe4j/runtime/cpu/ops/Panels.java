package io.moe4j.runtime.cpu.ops;

/**
 * How a product is divided into panels. Each call of the BLAS copies its operands into the order that its kernels need, so a panel should be large: with 256 ×
 * 256 elements of the result, products take 1.04 times as long as with 512 × 512, with 128 × 64 elements 1.35 times (Zen, two cores). But there must be
 * several panels, and an even number of them, so that two, four or more cores get equal shares. If few large panels cover the result, the inner dimension is
 * divided too: each part has its own partial sums, which are added in order. The panels depend on the shape only.
 *
 * <p>Example: a result of 512 × 512 elements with an inner dimension of 4096 is divided into two panels of 512 × 256, and the inner
 * dimension into 4 parts of 1024.
 *
 * @param m rows of the result
 * @param n columns of the result
 * @param k the inner dimension
 * @param rowPanels number of panels along the rows
 * @param columnPanels number of panels along the columns
 * @param parts number of parts of the inner dimension
 */
record Panels(long m, long n, long k, long rowPanels, long columnPanels, long parts) {
    /** With fewer multiply-adds than this, handing work to another core costs more than it gains. */
    private static final double SMALL = 1 << 20;
    /** Multiply-adds that a panel should have. */
    private static final double WORTH = 1 << 26;
    /** If there would be more panels than this, panels get up to twice as many multiply-adds instead. */
    private static final double MANY = 8;
    /** A panel with no more rows or columns than this is not divided as long as the inner dimension can be. */
    private static final long LARGE = 512;
    /** The least inner dimension of a part: with less, adding partial sums takes longer than copying operands for smaller panels. */
    private static final long DEEP = 768;
    /** The most elements of partial sums that wait to be added: 8 MiB. */
    private static final long MAX_SUMS = 1 << 21;
    /** The least rows or columns of a panel. */
    private static final long LEAST = 64;
    private static final long MAX_PANELS = 128;

    /** A part of a panel: some rows and columns of the result, and {@code depth} elements of the inner dimension from {@code inner} on. */
    record Panel(long row, int rows, long column, int columns, long part, long inner, int depth) {}

    /** @param cutsDepth whether the inner dimension may be cut */
    static Panels of(long m, long n, long k, boolean cutsDepth) {
        double work = (double) m * n * k;
        if (m == 0 || n == 0) {
            return new Panels(m, n, k, 0, 0, 1);
        }
        Panels panels = new Panels(m, n, k, 1, 1, 1);
        double wanted = wanted(work);
        // Each step doubles the number of panels; it stops at the number whose ratio to `wanted` is closest to 1.
        while (3 * panels.count() < 2 * wanted) {
            if (cutsDepth && panels.isDeep()) {
                panels = new Panels(m, n, k, panels.rowPanels, panels.columnPanels, 2 * panels.parts);
            } else if (Math.max(panels.height(), panels.width()) < 2 * LEAST) {
                break;
            } else if (panels.height() > panels.width() || (panels.height() == panels.width() && m > n)) {
                panels = new Panels(m, n, k, 2 * panels.rowPanels, panels.columnPanels, panels.parts);
            } else {
                panels = new Panels(m, n, k, panels.rowPanels, 2 * panels.columnPanels, panels.parts);
            }
        }
        return panels;
    }

    private static double wanted(double work) {
        if (work < SMALL) {
            return 1;
        }
        return Math.clamp(Math.max(Math.min(work / WORTH, MANY), work / WORTH / 2), 2, MAX_PANELS);
    }

    private double height() {
        return (double) m / rowPanels;
    }

    private double width() {
        return (double) n / columnPanels;
    }

    /** Whether to divide the inner dimension next. */
    private boolean isDeep() {
        return Math.max(height(), width()) <= LARGE && k / parts >= 2 * DEEP && (2 * parts - 1) * m * n <= MAX_SUMS;
    }

    /** Number of panels, all parts counted. */
    long count() {
        return rowPanels * columnPanels * parts;
    }

    /** Panel number {@code index}. Panels of the first part come first. */
    Panel get(long index) {
        long part = index / (rowPanels * columnPanels);
        long i = index / columnPanels % rowPanels;
        long j = index % columnPanels;
        long row = cut(m, rowPanels, i);
        long column = cut(n, columnPanels, j);
        long inner = cut(k, parts, part);
        return new Panel(row, Math.toIntExact(cut(m, rowPanels, i + 1) - row), column,
                Math.toIntExact(cut(n, columnPanels, j + 1) - column), part, inner,
                Math.toIntExact(cut(k, parts, part + 1) - inner));
    }

    private static long cut(long extent, long parts, long part) {
        if (part == parts) {
            return extent;
        }
        // A multiple of the BLAS's register tile, and small enough that 576 columns are two times 288.
        long multiple = extent / parts >= 4 * LEAST ? 32 : 16;
        return Math.min(extent, Math.round((double) extent / parts * part / multiple) * multiple);
    }
}
