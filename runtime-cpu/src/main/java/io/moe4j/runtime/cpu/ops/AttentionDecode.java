package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.ops.AttentionOps.Decode;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Blas;
import java.util.Arrays;

/**
 * Attention of the last T tokens of a sequence over the whole sequence. The T · H/G queries that share a key head are the rows of one matrix, token by token,
 * so that keys are read once for all of them; a task handles a block of these rows. Keys are visited tile by tile, as in {@link AttentionForward}.
 */
final class AttentionDecode {
    /** Rows of a block. */
    private static final int ROWS = 64;
    /** Rows of a block if there are few rows, so that several cores have work when one token is generated. */
    private static final int FEW_ROWS = 8;
    /** Keys of a tile. */
    private static final int KEYS = 512;

    private final Decode a;
    private final Blas blas;
    private final TileScratch scratch;
    private final long rows;
    private final int blockRows;

    AttentionDecode(Decode arguments, Blas blas, TileScratch scratch) {
        this.a = arguments;
        this.blas = blas;
        this.scratch = scratch;
        this.rows = arguments.queries() * arguments.queriesPerKey();
        this.blockRows = rows >= 2 * ROWS ? ROWS : FEW_ROWS;
    }

    /** Number of blocks in all key heads. */
    long tasks() {
        return a.keyHeads() * blocks();
    }

    private long blocks() {
        return Math.ceilDiv(rows, blockRows);
    }

    void run(long from, long to) {
        long q = a.q_THQ().dim(2);
        long v = a.v_LGV().dim(2);
        try (TileScratch.Lease lease = scratch.take((long) blockRows * (q + v + KEYS + 2) + KEYS * (q + v) + 128)) {
            Buffers buffers = new Buffers(lease.floats(blockRows * q), lease.floats(KEYS * q), lease.floats(KEYS * v),
                    lease.floats(blockRows * v), lease.floats((long) blockRows * KEYS), new float[blockRows],
                    new float[blockRows], new float[Lanes.COUNT]);
            for (long task = from; task < to; task++) {
                block(task / blocks(), task % blocks() * blockRows, buffers);
            }
        }
    }

    private record Buffers(long q, long k, long v, long o, long scores, float[] max, float[] sum, float[] lanes) {}

    private void block(long keyHead, long first, Buffers b) {
        int count = (int) Math.min(blockRows, rows - first);
        Rows k = keys(a.k_LGQ(), keyHead);
        Rows v = keys(a.v_LGV(), keyHead);
        int q = Math.toIntExact(k.columns());
        int width = Math.toIntExact(v.columns());
        for (int r = 0; r < count; r++) {
            Rows row = row(a.q_THQ(), keyHead, first + r);
            Flat.copy(row.read(0, b.q + 4L * r * q), b.q + 4L * r * q, q);
        }
        Arrays.fill(b.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(b.sum, 0);
        long visible = visible(first + count - 1);
        for (long tile = 0; tile < visible; tile += KEYS) {
            int keys = (int) Math.min(KEYS, visible - tile);
            scores(b, count, k, tile, keys);
            for (int r = 0; r < count; r++) {
                int seen = Math.clamp(visible(first + r) - tile, 0, keys);
                softmax(b, r, b.scores + 4L * r * keys, keys, seen, b.o + 4L * r * width, tile > 0 ? width : 0);
            }
            outputs(b, count, v, tile, keys);
        }
        for (int r = 0; r < count; r++) {
            Flat.scale(b.o + 4L * r * width, 1 / b.sum[r], width);
            Rows row = row(a.o_THV(), keyHead, first + r);
            if (!row.narrow()) {
                Flat.copy(b.o + 4L * r * width, row.addressOf(0, 0), width);
            }
            row.write(0, b.o + 4L * r * width);
        }
    }

    /** Computes scores. For few rows, each key is read once and multiplied by each row, because the BLAS would first copy all keys into another order. */
    private void scores(Buffers b, int count, Rows k, long tile, int keys) {
        int q = Math.toIntExact(k.columns());
        long first = k.read(tile, keys, b.k);
        if (blockRows > FEW_ROWS) {
            blas.sgemm(new Sgemm(false, true, count, keys, q, a.scale(), b.q, q, first, AttentionForward.lead(k), 0,
                    b.scores, keys));
            return;
        }
        for (int j = 0; j < keys; j++) {
            long key = first + 4L * j * k.lead();
            for (int r = 0; r < count; r++) {
                Lanes.set(b.scores, (long) r * keys + j, a.scale() * Flat.dot(b.q + 4L * r * q, key, q, b.lanes));
            }
        }
    }

    private void outputs(Buffers b, int count, Rows v, long tile, int keys) {
        int width = Math.toIntExact(v.columns());
        long first = v.read(tile, keys, b.v);
        if (blockRows > FEW_ROWS) {
            blas.sgemm(new Sgemm(false, false, count, width, keys, 1, b.scores, keys, first, AttentionForward.lead(v),
                    tile > 0 ? 1 : 0, b.o, width));
            return;
        }
        if (tile == 0) {
            Flat.fill(0, b.o, (long) count * width);
        }
        for (int j = 0; j < keys; j++) {
            long value = first + 4L * j * v.lead();
            for (int r = 0; r < count; r++) {
                Flat.addScaled(value, Lanes.get(b.scores, (long) r * keys + j), b.o + 4L * r * width, width);
            }
        }
    }

    /** Turns the scores of a row into exponentials; {@code rescaled} elements of the sums so far are rescaled if the maximum grows. */
    private static void softmax(Buffers b, int r, long scores, int keys, int seen, long o, int rescaled) {
        float max = Math.max(b.max[r], SoftmaxRows.max(scores, seen));
        float sum = SoftmaxRows.exponentials(scores, scores, seen, 1, max, b.lanes);
        Flat.fill(0, scores + 4L * seen, keys - seen);
        if (max != b.max[r]) {
            float shrink = (float) Math.exp((double) b.max[r] - max);
            Flat.scale(o, shrink, rescaled);
            b.sum[r] *= shrink;
        }
        b.max[r] = max;
        b.sum[r] += sum;
    }

    /** Number of keys that row {@code row} of a key head attends over. */
    private long visible(long row) {
        return a.keys() - a.queries() + row / a.queriesPerKey() + 1;
    }

    /** The one row of a query or an output. */
    private Rows row(Tensor tensor_THn, long keyHead, long row) {
        long head = keyHead * a.queriesPerKey() + row % a.queriesPerKey();
        long at = row / a.queriesPerKey() * tensor_THn.stride(0) + head * tensor_THn.stride(1);
        return new Rows(tensor_THn.address() + at * tensor_THn.dtype().bytes(), 1, tensor_THn.dim(2), tensor_THn.dim(2),
                Rows.isNarrow(tensor_THn));
    }

    /** The (L, ·) matrix of one key head. */
    private static Rows keys(Tensor tensor_LGn, long head) {
        return new Rows(tensor_LGn.address() + head * tensor_LGn.stride(1) * tensor_LGn.dtype().bytes(),
                tensor_LGn.dim(0), tensor_LGn.dim(2), tensor_LGn.stride(0), Rows.isNarrow(tensor_LGn));
    }
}
