package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.runtime.cpu.engine.Blas;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Causal attention. One task handles a block of queries of one head. Keys are visited tile by tile; the running maximum and sum of each row are carried from
 * tile to tile, and the sums so far are rescaled when the maximum grows (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018).
 */
final class AttentionForward {
    /** Queries in a block. */
    static final int QUERIES = 128;
    /**
     * Keys in a tile. A multiple of {@link #QUERIES}, so that each query has at least one visible key in each tile that its block visits; and a multiple of the
     * lanes of all processors.
     */
    static final int KEYS = 512;

    private final Forward a;
    private final AttentionShape shape;
    private final Blas blas;
    private final TileScratch scratch;
    private final Optional<AttentionScores> kept;

    AttentionForward(Forward arguments, Blas blas, TileScratch scratch) {
        this.a = arguments;
        this.shape = arguments.shape();
        this.blas = blas;
        this.scratch = scratch;
        this.kept = AttentionScores.of(arguments);
    }

    void run(AttentionBlocks blocks, long from, long to) {
        long q = shape.queryKeyDim();
        long v = shape.valueDim();
        try (TileScratch.Lease lease = scratch.take((long) QUERIES * (q + v + KEYS) + KEYS * (q + v) + 128)) {
            Buffers buffers = new Buffers(lease.floats(QUERIES * q), lease.floats(KEYS * q), lease.floats(KEYS * v),
                    lease.floats(QUERIES * v), lease.floats((long) QUERIES * KEYS), new float[QUERIES],
                    new float[QUERIES], new float[Lanes.COUNT]);
            for (long task = from; task < to; task++) {
                AttentionBlocks.Task one = blocks.task(task);
                block(one.batch(), one.head(), one.block(), buffers);
            }
        }
    }

    private record Buffers(long q, long k, long v, long o, long scores, float[] max, float[] sum, float[] lanes) {}

    private void block(long batch, long head, AttentionBlocks.Block block, Buffers b) {
        long first = block.first();
        int rows = block.rows();
        Rows q = CpuAttentionOps.head(a.q_BSHQ(), batch, head);
        Rows k = CpuAttentionOps.head(a.k_BSHQ(), batch, head / shape.queriesPerKey());
        Rows v = CpuAttentionOps.head(a.v_BSHV(), batch, head / shape.queriesPerKey());
        Rows o = CpuAttentionOps.head(a.o_BSHV(), batch, head);
        long qAddress = q.read(first, rows, b.q);
        long oAddress = o.place(first, b.o);
        Arrays.fill(b.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(b.sum, 0);
        for (long tile = block.begin(); tile < first + rows; tile += KEYS) {
            boolean later = tile > block.begin();
            int keys = (int) Math.min(KEYS, first + rows - tile);
            int lead = (int) Lanes.whole(keys);
            long earlier = rows * (tile - block.begin());
            long scores = kept.map(all -> all.of(batch, head, first, earlier)).orElse(b.scores);
            long kAddress = k.read(tile, keys, b.k);
            List<CausalStrips.Strip> strips = CausalStrips.of((int) (first - tile), rows, keys);
            for (CausalStrips.Strip strip : strips) {
                blas.sgemm(new Sgemm(false, true, strip.rows(), strip.keys(), (int) q.columns(), a.scale(),
                        qAddress + 4L * strip.row() * lead(q), lead(q), kAddress + 4L * strip.key() * lead(k), lead(k),
                        0, scores + 4 * ((long) strip.row() * lead + strip.key()), lead));
            }
            for (int r = 0; r < rows; r++) {
                int seen = (int) Math.min(keys, first + r + 1 - tile);
                softmax(b, r, scores + 4L * r * lead, b.scores + 4L * r * lead, lead, seen,
                        oAddress + 4L * r * o.lead(), o.columns(), later);
            }
            long vAddress = v.read(tile, keys, b.v);
            for (CausalStrips.Strip strip : strips) {
                blas.sgemm(new Sgemm(false, false, strip.rows(), (int) v.columns(), strip.keys(), 1,
                        b.scores + 4 * ((long) strip.row() * lead + strip.key()), lead,
                        vAddress + 4L * strip.key() * lead(v), lead(v), later || strip.key() > 0 ? 1 : 0,
                        oAddress + 4L * strip.row() * lead(o), lead(o)));
            }
        }
        long lse = a.lse_BHS().address() + 4 * ((batch * shape.heads() + head) * shape.sequence() + first);
        for (int r = 0; r < rows; r++) {
            Flat.scale(oAddress + 4L * r * o.lead(), 1 / b.sum[r], o.columns());
            Lanes.set(lse, r, (float) (b.max[r] + Math.log(b.sum[r])));
        }
        o.write(first, rows, b.o);
    }

    /**
     * Turns a row of scores into exponentials.
     *
     * @param exponentials address of the result; may be {@code scores}
     * @param lead elements from one row to the next, a multiple of the lanes
     */
    private static void softmax(Buffers b, int r, long scores, long exponentials, int lead, int seen, long o,
            long columns, boolean rescale) {
        // Only whole vectors, which take a third less time: masked elements of the last one add nothing to the sum.
        int whole = (int) Lanes.whole(seen);
        for (int i = seen; i < whole; i++) {
            Lanes.set(scores, i, Float.NEGATIVE_INFINITY);
        }
        float max = Math.max(b.max[r], SoftmaxRows.max(scores, whole));
        float sum = SoftmaxRows.exponentials(scores, exponentials, whole, 1, max, b.lanes);
        Flat.fill(0, exponentials + 4L * seen, lead - seen);
        if (rescale && max != b.max[r]) {
            float shrink = (float) Math.exp((double) b.max[r] - max);
            Flat.scale(o, shrink, columns);
            b.sum[r] *= shrink;
        }
        b.max[r] = max;
        b.sum[r] += sum;
    }

    static int lead(Rows rows) {
        return Math.toIntExact(Math.max(rows.lead(), rows.columns()));
    }
}
