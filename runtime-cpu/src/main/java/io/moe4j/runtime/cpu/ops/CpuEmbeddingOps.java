package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.Optional;

final class CpuEmbeddingOps implements EmbeddingOps {
    /** Columns of the table's gradient that one task sums, over all tokens. */
    private static final long BLOCK_COLUMNS = 64;

    private final Commands commands;
    private final TileScratch scratch;

    CpuEmbeddingOps(Commands commands, TileScratch scratch) {
        this.commands = commands;
        this.scratch = scratch;
    }

    @Override
    public void forward(Stream stream, Tensor ids_T, Tensor table_VD, Tensor out_TD) {
        Rows table = Rows.of(table_VD);
        Rows out = Rows.of(out_TD);
        check(ids_T, table, out, out_TD);
        long ids = ids_T.address();
        long n = out.columns();
        commands.submit(stream, "embedding", () -> {
            OperandChecks.ids("embedding", ids, out.count(), table.count());
            Blocks.overRows(commands, out.count(), n, (from, to) -> {
                try (TileScratch.Lease lease = scratch.take(n)) {
                    long row = lease.floats(n);
                    for (long t = from; t < to; t++) {
                        long source = table.read(Lanes.getInt(ids, t), row);
                        if (out.narrow()) {
                            VectorBf16.round(source, out.addressOf(t, 0), n);
                        } else {
                            Flat.copy(source, out.addressOf(t, 0), n);
                        }
                    }
                }
            });
        }, ids_T, table_VD, out_TD);
    }

    @Override
    public void backward(Stream stream, Tensor ids_T, Tensor dout_TD, Tensor dtable_VD, boolean accumulate,
            Optional<Tensor> workspace) {
        Rows table = Rows.of(dtable_VD);
        Rows dout = Rows.of(dout_TD);
        check(ids_T, table, dout, dout_TD);
        if (table.narrow()) {
            throw new IllegalArgumentException("dtable is " + dtable_VD + ", but must be F32");
        }
        long ids = ids_T.address();
        long n = table.columns();
        commands.submit(stream, "embeddingBackward", () -> {
            OperandChecks.ids("embedding", ids, dout.count(), table.count());
            if (!accumulate) {
                Blocks.overRows(commands, table.count(), n, (from, to) -> {
                    for (long v = from; v < to; v++) {
                        Flat.fill(0, table.addressOf(v, 0), n);
                    }
                });
            }
            // Each task owns some columns of all rows, so it visits the tokens in order without coordinating with other tasks.
            Blocks.overRows(commands, Math.ceilDiv(n, BLOCK_COLUMNS), BLOCK_COLUMNS * dout.count(), (from, to) -> {
                try (TileScratch.Lease lease = scratch.take(BLOCK_COLUMNS)) {
                    long part = lease.floats(BLOCK_COLUMNS);
                    for (long b = from; b < to; b++) {
                        long column = b * BLOCK_COLUMNS;
                        long length = Math.min(BLOCK_COLUMNS, n - column);
                        for (long t = 0; t < dout.count(); t++) {
                            Flat.addScaled(dout.readPart(t, column, length, part), 1,
                                    table.addressOf(Lanes.getInt(ids, t), column), length);
                        }
                    }
                }
            });
        }, ids_T, dout_TD, dtable_VD);
    }

    private static void check(Tensor ids, Rows table, Rows rows, Tensor tensor) {
        OperandChecks.dense("ids", ids, DType.I32);
        OperandChecks.elements("ids", ids, rows.count());
        if (table.columns() != rows.columns()) {
            throw new IllegalArgumentException("embedding of rows of " + table.columns() + " elements with " + tensor
                    + ": the last dimensions must be equal");
        }
    }
}
