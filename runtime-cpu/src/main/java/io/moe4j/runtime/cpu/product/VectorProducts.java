package io.moe4j.runtime.cpu.product;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.runtime.cpu.engine.Blas;
import jdk.incubator.vector.FloatVector;

/**
 * Products of fp32 matrices in blocks that fit into the caches (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008). A block of B
 * has up to 256 terms of 512 columns, and is copied once (512 KiB, for the second-level cache); a block of A has up to 96 rows of these terms (102 KiB).
 * Results are computed in tiles of 12 × 32 sums. One thread computes a product.
 *
 * <p>An element of the result is the sum over its blocks of terms, and depends on its own row and column only. The blocks depend on the number of terms: 300
 * terms are two blocks of 150.
 *
 * <p>Another {@link Blas} computes small products, and those that do not fill a vector. Unless A is transposed, this does not depend on the number of rows.
 * So a row of a product has the same bits, however many rows there are.
 */
@Stability(Stability.Level.INTERNAL)
public final class VectorProducts implements Blas {
    /** The most columns of a block. */
    static final int MOST_COLUMNS = 512;
    /** The least rows of a transposed A, the least terms, and the least columns. */
    static final int LEAST = Wide.LANES;
    /** If B has fewer elements than this, or the result if A is transposed, the other BLAS computes the product. */
    static final int SMALL = 1 << 13;

    private final Blas small;
    private final Scratch scratch = new Scratch();

    /** @param small computes products that are too small for this class */
    public VectorProducts(Blas small) {
        this.small = small;
    }

    /**
     * Whether the processor has vectors of 512 bits. The options of the JVM do not affect this, because otherwise they would change the bits of products.
     * Without the optimizing compiler ({@code -Xint}, {@code -XX:TieredStopAtLevel=1}), vectors are objects in memory, and products take at least a hundred
     * times as long.
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

    /** Whether this class computes the product itself. */
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

    /** The first term of part {@code part}; the lengths of all parts differ by 1 at most. */
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
