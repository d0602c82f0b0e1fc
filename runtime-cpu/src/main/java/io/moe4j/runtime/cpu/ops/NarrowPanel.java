package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.runtime.cpu.engine.Blas;

/** A panel of a product with BF16 operands: tiles are widened to fp32, products are summed in fp32, and the sums are rounded once. */
final class NarrowPanel {
    /** Rows and columns of a tile of the result, and depth of the operands' tiles. */
    private static final int TILE = 256;

    private final Blas blas;
    private final TileScratch scratch;

    NarrowPanel(Blas blas, TileScratch scratch) {
        this.blas = blas;
        this.scratch = scratch;
    }

    void run(Matmul x, Panels.Panel panel) {
        try (TileScratch.Lease lease = scratch.take(3L * TILE * TILE)) {
            long a = lease.floats(TILE * TILE);
            long b = lease.floats(TILE * TILE);
            long c = lease.floats(TILE * TILE);
            for (long i = panel.row(); i < panel.row() + panel.rows(); i += TILE) {
                for (long j = panel.column(); j < panel.column() + panel.columns(); j += TILE) {
                    int rows = (int) Math.min(TILE, panel.row() + panel.rows() - i);
                    int columns = (int) Math.min(TILE, panel.column() + panel.columns() - j);
                    tile(x, new Tile(i, rows, j, columns), a, b, c);
                }
            }
        }
    }

    private record Tile(long row, int rows, long column, int columns) {}

    private void tile(Matmul x, Tile tile, long a, long b, long c) {
        int m = tile.rows();
        int n = tile.columns();
        Rows result = Rows.of(x.c());
        if (x.beta() == 0) {
            Flat.fill(0, c, (long) m * n);
        } else {
            load(result, tile.row(), tile.column(), m, n, c);
            Flat.scale(c, x.beta(), (long) m * n);
        }
        for (long p = 0; p < x.k(); p += TILE) {
            int k = (int) Math.min(TILE, x.k() - p);
            int aColumns = x.transposeA() ? m : k;
            int bColumns = x.transposeB() ? k : n;
            load(Rows.of(x.a()), x.transposeA() ? p : tile.row(), x.transposeA() ? tile.row() : p,
                    x.transposeA() ? k : m, aColumns, a);
            load(Rows.of(x.b()), x.transposeB() ? tile.column() : p, x.transposeB() ? p : tile.column(),
                    x.transposeB() ? n : k, bColumns, b);
            blas.sgemm(new Sgemm(x.transposeA(), x.transposeB(), m, n, k, x.alpha(), a, aColumns, b, bColumns, 1, c,
                    n));
        }
        for (long r = 0; r < m; r++) {
            long to = result.addressOf(tile.row() + r, tile.column());
            if (result.narrow()) {
                VectorBf16.round(c + 4 * r * n, to, n);
            } else {
                Flat.copy(c + 4 * r * n, to, n);
            }
        }
    }

    private static void load(Rows from, long row, long column, long rows, long columns, long to) {
        for (long r = 0; r < rows; r++) {
            long source = from.addressOf(row + r, column);
            if (from.narrow()) {
                VectorBf16.widen(source, to + 4 * r * columns, columns);
            } else {
                Flat.copy(source, to + 4 * r * columns, columns);
            }
        }
    }
}
