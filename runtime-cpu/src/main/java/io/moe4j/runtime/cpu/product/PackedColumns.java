package io.moe4j.runtime.cpu.product;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * A block of B in the order in which {@link MicroKernel} reads it: 32 columns at a time; of these, first the elements of all 32 columns for the first term,
 * then for the second, and so on. Columns beyond the last one have undefined values; results computed from them are not stored.
 *
 * <p>Example: with 40 columns and 100 terms, columns 0 to 31 take elements 0 to 3199; columns 32 to 39 take the first 8 of each 32 elements in the next 3200.
 */
record PackedColumns(Sgemm g, float[] packed) {

    /** Elements that a block takes. */
    static int elements(int columns, int terms) {
        return Math.ceilDiv(columns, MicroKernel.COLUMNS) * MicroKernel.COLUMNS * terms;
    }

    /** Copies {@code columns} columns from {@code column} on, and {@code terms} terms from {@code term} on; at least 16 terms. */
    void pack(int column, int columns, int term, int terms) {
        for (int done = 0; done < columns; done += MicroKernel.COLUMNS) {
            int count = Math.min(MicroKernel.COLUMNS, columns - done);
            if (g.transposeB()) {
                transposed(column + done, count, term, terms, done * terms);
            } else {
                copied(column + done, count, term, terms, done * terms);
            }
        }
    }

    /** B is (terms, columns). */
    private void copied(int column, int count, int term, int terms, int place) {
        long source = Wide.at(g.b(), (long) term * g.ldb() + column);
        if (count == MicroKernel.COLUMNS) {
            for (int i = 0; i < terms; i++) {
                long row = Wide.at(source, (long) i * g.ldb());
                store(Wide.load(row), Wide.load(Wide.at(row, Wide.LANES)), place + i * MicroKernel.COLUMNS);
            }
        } else {
            VectorMask<Float> left = Wide.first(count);
            VectorMask<Float> right = Wide.first(count - Wide.LANES);
            for (int i = 0; i < terms; i++) {
                long row = Wide.at(source, (long) i * g.ldb());
                store(Wide.load(row, left), Wide.load(Wide.at(row, Wide.LANES), right),
                        place + i * MicroKernel.COLUMNS);
            }
        }
    }

    private void store(FloatVector left, FloatVector right, int place) {
        left.intoArray(packed, place);
        right.intoArray(packed, place + Wide.LANES);
    }

    /** B is (columns, terms). The last 16 terms may overlap those before: they are copied twice then. */
    private void transposed(int column, int count, int term, int terms, int place) {
        for (int half = 0; half < count; half += Wide.LANES) {
            int rows = Math.min(Wide.LANES, count - half);
            long source = Wide.at(g.b(), (long) (column + half) * g.ldb() + term);
            for (int i = 0; i < terms; i += Transposition.SIZE) {
                int from = Math.min(i, terms - Transposition.SIZE);
                Transposition.run(Wide.at(source, from), g.ldb(), rows, packed,
                        place + from * MicroKernel.COLUMNS + half, MicroKernel.COLUMNS);
            }
        }
    }
}
