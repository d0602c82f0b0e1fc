package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

final class CpuEmbeddingOps implements EmbeddingOps {
    /** Columns of the table's gradient that one task computes, for all tokens. */
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

    @Override
    public boolean hasBackwardRows() {
        return true;
    }

    @Override
    public void backwardRows(Stream stream, Tensor ids_T, Tensor dout_TD, long first, Tensor dtable_nD,
            Optional<Tensor> workspace) {
        Rows table = Rows.of(dtable_nD);
        Rows dout = Rows.of(dout_TD);
        check(ids_T, table, dout, dout_TD);
        if (table.narrow() || first < 0) {
            throw new IllegalArgumentException(
                    "dtable is " + dtable_nD + " from row " + first + "; it must be F32, from row 0 or a later one");
        }
        long ids = ids_T.address();
        long n = table.columns();
        commands.submit(stream, "embeddingBackwardRows", () -> {
            long[] tokens = byRow(ids, dout.count(), first, table.count());
            // A task sums the words whose first token is in its range, so that no two tasks write a row.
            Blocks.overRows(commands, tokens.length, n, (from, to) -> {
                try (TileScratch.Lease lease = scratch.take(2 * n)) {
                    long row = lease.floats(n);
                    long sum = lease.floats(n);
                    for (long i = from; i < to; i++) {
                        if (i > 0 && word(tokens[(int) i - 1]) == word(tokens[(int) i])) {
                            continue;
                        }
                        Flat.fill(0, sum, n);
                        for (long j = i; j < tokens.length && word(tokens[(int) j]) == word(tokens[(int) i]); j++) {
                            Flat.addScaled(dout.read(token(tokens[(int) j]), row), 1, sum, n);
                        }
                        Flat.addScaled(sum, 1, table.addressOf(word(tokens[(int) i]), 0), n);
                    }
                }
            });
        }, ids_T, dout_TD, dtable_nD);
    }

    /**
     * The tokens of {@code rows} words (entries of the vocabulary) from {@code first} on, sorted by word and then by token. Each number has the word, counted
     * from {@code first}, in its upper half, and the token in its lower half.
     */
    private static long[] byRow(long ids, long count, long first, long rows) {
        long[] tokens = LongStream.range(0, count)
                .filter(t -> Lanes.getInt(ids, t) >= first && Lanes.getInt(ids, t) < first + rows)
                .map(t -> (Lanes.getInt(ids, t) - first) << Integer.SIZE | t).toArray();
        Arrays.sort(tokens);
        return tokens;
    }

    private static long word(long wordAndToken) {
        return wordAndToken >>> Integer.SIZE;
    }

    private static long token(long wordAndToken) {
        return wordAndToken & 0xFFFF_FFFFL;
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
