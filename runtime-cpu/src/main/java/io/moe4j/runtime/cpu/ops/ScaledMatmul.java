package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.ops.support.ScaledTile;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Commands;

/** Products of operands with scales. Several columns of the result are computed together; each sum has the order of {@link MatmulOps#matmul}. */
final class ScaledMatmul {
    private final Commands commands;
    private final TileScratch scratch;

    ScaledMatmul(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    void run(Stream stream, Matmul x) {
        if (x.a().dtype() != x.b().dtype() || !x.c().dtype().isPlainFloating()) {
            throw new IllegalArgumentException("matmul of " + x.a() + " and " + x.b() + " into " + x.c()
                    + ": a and b must be of one type, and c F32 or BF16 where they have scales");
        }
        ScaledOperand storedA = ScaledOperand.of(x.a());
        ScaledOperand storedB = ScaledOperand.of(x.b());
        ScaledOperand a = x.transposeA() ? storedA.transposed() : storedA;
        ScaledOperand b = x.transposeB() ? storedB : storedB.transposed();
        Rows c = Rows.of(x.c());
        Tiles tiles = new Tiles(x, a, b, c);
        commands.submit(stream, "matmul", () -> commands.pool().parallelFor(tiles.count(), 1, (from, to) -> {
            ScaledTile tile = new ScaledTile(Addresses.ALL);
            for (long index = from; index < to; index++) {
                run(tiles, tile, index);
            }
        }), x.a(), x.b(), x.c(), scales(x.a()), scales(x.b()));
    }

    /** The result, divided into tiles that depend on its shape only. */
    private record Tiles(Matmul product, ScaledOperand a, ScaledOperand b, Rows c) {
        private static final int ROWS = 64;

        long across() {
            return Math.ceilDiv(c.columns(), ScaledTile.ROWS);
        }

        long count() {
            return across() * Math.ceilDiv(c.count(), ROWS);
        }

        long column(long index) {
            return index % across() * ScaledTile.ROWS;
        }

        int columns(long index) {
            return (int) Math.min(ScaledTile.ROWS, c.columns() - column(index));
        }

        long row(long index) {
            return index / across() * ROWS;
        }

        long endRow(long index) {
            return Math.min(row(index) + ROWS, c.count());
        }
    }

    private void run(Tiles tiles, ScaledTile tile, long index) {
        Matmul x = tiles.product;
        Rows c = tiles.c;
        long column = tiles.column(index);
        int columns = tiles.columns(index);
        tile.load(tiles.b, column, columns, 0, x.k());
        try (TileScratch.Lease lease = scratch.take(columns)) {
            long wide = lease.floats(columns);
            for (long row = tiles.row(index); row < tiles.endRow(index); row++) {
                float[] sums = tile.sums(tiles.a, row);
                long result = x.beta() == 0 ? c.placePart(row, column, wide) : c.readPart(row, column, columns, wide);
                for (int j = 0; j < columns; j++) {
                    float product = x.alpha() * sums[j];
                    Lanes.set(result, j, x.beta() == 0 ? product : product + x.beta() * Lanes.get(result, j));
                }
                c.writePart(row, column, columns, wide);
            }
        }
    }

    private static Tensor scales(Tensor tensor) {
        return tensor.scales().orElseThrow().values();
    }
}
