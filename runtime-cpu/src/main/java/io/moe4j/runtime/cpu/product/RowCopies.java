package io.moe4j.runtime.cpu.product;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.runtime.cpu.engine.Addresses;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows of a block of A, {@link #APART} elements apart. Rows beyond the last one have undefined values; results computed from them are not stored. */
record RowCopies(Sgemm g, float[] copies) {
    /** The most rows of a block: 8 times those of {@link MicroKernel}. */
    static final int MOST_ROWS = 8 * MicroKernel.ROWS;
    /** The most terms of a block. */
    static final int MOST_TERMS = 256;
    /** Elements from one row to the next. Not a power of two, so that the 12 rows that are read together do not compete for the same few cache sets. */
    static final int APART = MOST_TERMS + Wide.LANES;
    /** Rows of unused space before the first row; see {@link #transposed}. */
    private static final int FRONT = Transposition.SIZE;
    /** Elements that a block takes. */
    static final int ELEMENTS = (FRONT + MOST_ROWS) * APART;

    /** Index of the first element of a row of the block. */
    static int place(int row) {
        return (FRONT + row) * APART;
    }

    /** Copies {@code rows} rows from {@code row} on, and {@code terms} terms from {@code term} on. If A is transposed, it has 16 rows or more. */
    void copy(int row, int rows, int term, int terms) {
        if (g.transposeA()) {
            transposed(row, rows, term, terms);
            return;
        }
        for (int i = 0; i < rows; i++) {
            long source = Wide.at(g.a(), (long) (row + i) * g.lda() + term);
            MemorySegment.copy(Addresses.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, source, copies, place(i), terms);
        }
    }

    /**
     * A is (terms, rows), and 16 rows of the block are read at a time. The last 16 end with the last row of the block: some of them may have been copied
     * before. If the block has fewer than 16 rows, the first of the 16 are rows before the block, which are copied to the space before it.
     *
     * <p>Example: a block of 4 rows from row 96 on copies rows 84 to 99, of which rows 84 to 95 are not used.
     */
    private void transposed(int row, int rows, int term, int terms) {
        for (int i = 0; i < rows; i += Transposition.SIZE) {
            int from = Math.min(i, rows - Transposition.SIZE);
            for (int t = 0; t < terms; t += Transposition.SIZE) {
                Transposition.run(Wide.at(g.a(), (long) (term + t) * g.lda() + row + from), g.lda(),
                        Math.min(Transposition.SIZE, terms - t), copies, place(from) + t, APART);
            }
        }
    }
}
