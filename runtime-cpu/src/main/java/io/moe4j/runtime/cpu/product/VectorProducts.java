package io.moe4j.runtime.cpu.product;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.runtime.cpu.engine.Blas;
import jdk.incubator.vector.FloatVector;

/**
 * Products of fp32 matrices in blocks that fit into the caches (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008): of B, up to
 * 256 terms of 512 columns, copied once (512 KiB, for the second-level cache); of A, up to 96 rows of these terms (102 KiB); of both, tiles of 12 × 32
 * sums. One thread computes a product.
 *
 * <p>An element of the result is the sum of its blocks of terms, and depends on its own row and column alone. How terms are cut depends on their number:
 * 300 terms are blocks of 150.
 *
 * <p>Small products, and those that do not fill a vector, are left to another {@link Blas}; the number of rows does not matter for that, unless A is
 * transposed. So a row of a product has the same bits, however many rows there are.
 */
@Stability(Stability.Level.INTERNAL)
public final class VectorProducts implements Blas {
    /** The most columns of a block. */
    static final int MOST_COLUMNS = 512;
    /** The least rows of a transposed A, the least terms, and the least columns. */
    static final int LEAST = Wide.LANES;
    /** With fewer elements of B than this, or of the result if A is transposed, products are left to the other BLAS. */
    static final int SMALL = 1 << 13;

    private final Blas small;
    private final Scratch scratch = new Scratch();

    /** @param small computes the products that are too small for this */
    public VectorProducts(Blas small) {
        this.small = small;
    }

    /**
     * Whether this is a processor with vectors of 512 bits. How Java was started does not matter, since products would have other bits then. Without its
     * optimizing compiler ({@code -Xint}, {@code -XX:TieredStopAtLevel=1}) a vector is an object in memory, and products are a hundred times as slow or more.
     */
    public static boolean isSupported() {
        return FloatVector.SPECIES_PREFERRED.length() >= Wide.LANES;
    }

    @Override
    public void sgemm(Sgemm g) {
        if (!takes(g)) {
            small.sgemm(g);
            return;
        }
        Scratch.Arrays arrays = scratch.take();
        try {
            multiply(g, arrays);
        } finally {
            scratch.giveBack(arrays);
        }
    }

    /** Whether a product is computed here. */
    static boolean takes(Sgemm g) {
        long elements = (long) g.n() * (g.transposeA() ? g.m() : g.k());
        return g.n() >= LEAST && g.k() >= LEAST && g.m() >= (g.transposeA() ? LEAST : 1) && elements >= SMALL;
    }

    private static void multiply(Sgemm g, Scratch.Arrays arrays) {
        PackedColumns b = new PackedColumns(g, arrays.columns());
        RowCopies a = new RowCopies(g, arrays.rows());
        ResultTile c = new ResultTile(g, arrays.sums());
        int parts = Math.ceilDiv(g.k(), RowCopies.MOST_TERMS);
        for (int column = 0; column < g.n(); column += MOST_COLUMNS) {
            int columns = Math.min(MOST_COLUMNS, g.n() - column);
            for (int part = 0; part < parts; part++) {
                int term = cut(g.k(), parts, part);
                int terms = cut(g.k(), parts, part + 1) - term;
                b.pack(column, columns, term, terms);
                for (int row = 0; row < g.m(); row += RowCopies.MOST_ROWS) {
                    int rows = Math.min(RowCopies.MOST_ROWS, g.m() - row);
                    a.copy(row, rows, term, terms);
                    tiles(a, b, c, new Block(row, rows, column, columns, terms), part == 0 ? g.beta() : 1);
                }
            }
        }
    }

    /** Where a part begins; the lengths of all parts differ by 1 at most. */
    private static int cut(int k, int parts, int part) {
        return Math.toIntExact((long) k * part / parts);
    }

    private record Block(int row, int rows, int column, int columns, int terms) {}

    /** 32 columns of B stay in the first-level cache while all rows of the block are multiplied with them. */
    private static void tiles(RowCopies a, PackedColumns b, ResultTile c, Block block, float beta) {
        for (int j = 0; j < block.columns; j += MicroKernel.COLUMNS) {
            for (int i = 0; i < block.rows; i += MicroKernel.ROWS) {
                MicroKernel.multiply(a.copies(), RowCopies.place(i), b.packed(), j * block.terms, block.terms,
                        c.sums());
                c.store(block.row + i, Math.min(MicroKernel.ROWS, block.rows - i), block.column + j,
                        Math.min(MicroKernel.COLUMNS, block.columns - j), beta);
            }
        }
    }
}
