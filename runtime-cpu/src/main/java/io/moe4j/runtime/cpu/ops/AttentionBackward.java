package io.moe4j.runtime.cpu.ops;

import static io.moe4j.runtime.cpu.ops.AttentionForward.KEYS;
import static io.moe4j.runtime.cpu.ops.AttentionForward.QUERIES;
import static io.moe4j.runtime.cpu.ops.AttentionForward.lead;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.runtime.cpu.engine.Blas;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/**
 * The gradient of attention. One task handles one key head of one sequence. Only that task adds to the gradients of these keys and values: query head by
 * query head, in blocks. Probabilities are computed again from the scores and from the logarithms of sums that forward has stored. Scores are computed again
 * too, tile by tile, unless forward has stored them (see {@link AttentionScores}).
 */
final class AttentionBackward {
    private final Backward a;
    private final AttentionShape shape;
    private final Blas blas;
    private final TileScratch scratch;
    private final Optional<AttentionScores> kept;

    AttentionBackward(Backward arguments, Blas blas, TileScratch scratch) {
        this.a = arguments;
        this.shape = arguments.forward().shape();
        this.blas = blas;
        this.scratch = scratch;
        this.kept = AttentionScores.of(arguments.forward());
    }

    void run(AttentionBlocks blocks, long from, long to) {
        long q = shape.queryKeyDim();
        long v = shape.valueDim();
        // A whole head of keys and values is copied to fp32 only if its elements are not fp32 already.
        long whole = a.dk_BSHQ().dtype().bytes() == 4 ? 0 : shape.sequence();
        try (TileScratch.Lease lease = scratch.take(2 * (whole + QUERIES) * (q + v) + 2L * QUERIES * KEYS + 256)) {
            Buffers buffers = new Buffers(lease.floats(QUERIES * q), lease.floats(QUERIES * q),
                    lease.floats(QUERIES * v), lease.floats(QUERIES * v), lease.floats(whole * q),
                    lease.floats(whole * q), lease.floats(whole * v), lease.floats(whole * v),
                    lease.floats((long) QUERIES * KEYS), lease.floats((long) QUERIES * KEYS), new float[QUERIES],
                    new float[Lanes.COUNT]);
            for (long task = from; task < to; task++) {
                new KeyHead(task, buffers).run(blocks);
            }
        }
    }

    /** Scratch addresses. {@code p} holds probabilities, {@code ds} the gradient with respect to the scores; the others hold BF16 rows as fp32. */
    private record Buffers(long q, long dq, long o, long dO, long k, long dk, long v, long dv, long p, long ds,
            float[] delta, float[] lanes) {}

    /** The gradients of one head of keys and values, and of all query heads that attend over it. */
    private final class KeyHead {
        private final Buffers b;
        private final long batch;
        private final long keyHead;
        private final Rows k;
        private final Rows v;
        private final Rows dk;
        private final Rows dv;
        private final long kAddress;
        private final long vAddress;
        private final long dkAddress;
        private final long dvAddress;

        KeyHead(long task, Buffers buffers) {
            b = buffers;
            batch = task / shape.keyHeads();
            keyHead = task % shape.keyHeads();
            k = CpuAttentionOps.head(a.forward().k_BSHQ(), batch, keyHead);
            v = CpuAttentionOps.head(a.forward().v_BSHV(), batch, keyHead);
            dk = CpuAttentionOps.head(a.dk_BSHQ(), batch, keyHead);
            dv = CpuAttentionOps.head(a.dv_BSHV(), batch, keyHead);
            kAddress = k.read(0, shape.sequence(), b.k);
            vAddress = v.read(0, shape.sequence(), b.v);
            dkAddress = dk.place(0, b.dk);
            dvAddress = dv.place(0, b.dv);
        }

        void run(AttentionBlocks blocks) {
            for (long s = 0; s < shape.sequence(); s++) {
                Flat.fill(0, dkAddress + 4 * s * dk.lead(), dk.columns());
                Flat.fill(0, dvAddress + 4 * s * dv.lead(), dv.columns());
            }
            long first = keyHead * shape.queriesPerKey();
            for (long head = first; head < first + shape.queriesPerKey(); head++) {
                new QueryHead(this, head).run(blocks.documents(batch));
            }
            dk.write(0, shape.sequence(), b.dk);
            dv.write(0, shape.sequence(), b.dv);
        }
    }

    /** One query head: adds to the gradients of its keys and values. */
    private final class QueryHead {
        private final KeyHead keys;
        private final Buffers b;
        private final Rows q;
        private final Rows o;
        private final Rows dO;
        private final Rows dq;
        private final long head;
        private final long lse;

        QueryHead(KeyHead keys, long head) {
            this.keys = keys;
            this.head = head;
            b = keys.b;
            q = CpuAttentionOps.head(a.forward().q_BSHQ(), keys.batch, head);
            o = CpuAttentionOps.head(a.forward().o_BSHV(), keys.batch, head);
            dO = CpuAttentionOps.head(a.do_BSHV(), keys.batch, head);
            dq = CpuAttentionOps.head(a.dq_BSHQ(), keys.batch, head);
            lse = a.forward().lse_BHS().address() + 4 * (keys.batch * shape.heads() + head) * shape.sequence();
        }

        void run(List<AttentionBlocks.Document> documents) {
            for (AttentionBlocks.Document document : documents) {
                for (long first = document.begin(); first < document.end(); first += QUERIES) {
                    block(document.begin(), first, (int) Math.min(QUERIES, document.end() - first));
                }
            }
        }

        private void block(long begin, long first, int rows) {
            long qAddress = q.read(first, rows, b.q);
            long oAddress = o.read(first, rows, b.o);
            long doAddress = dO.read(first, rows, b.dO);
            long dqAddress = dq.place(first, b.dq);
            for (int r = 0; r < rows; r++) {
                b.delta[r] = Flat.dot(oAddress + 4L * r * o.lead(), doAddress + 4L * r * dO.lead(), o.columns(),
                        b.lanes);
            }
            int qDim = (int) q.columns();
            int vDim = (int) keys.v.columns();
            float scale = a.forward().scale();
            for (long tile = begin; tile < first + rows; tile += KEYS) {
                int width = (int) Math.min(KEYS, first + rows - tile);
                long kTile = keys.kAddress + 4 * tile * keys.k.lead();
                long vTile = keys.vAddress + 4 * tile * keys.v.lead();
                List<CausalStrips.Strip> strips = CausalStrips.of((int) (first - tile), rows, width);
                int lead = (int) Lanes.whole(width);
                for (CausalStrips.Strip strip : strips) {
                    long at = 4 * ((long) strip.row() * lead + strip.key());
                    if (kept.isEmpty()) {
                        blas.sgemm(new Sgemm(false, true, strip.rows(), strip.keys(), qDim, scale,
                                qAddress + 4L * strip.row() * lead(q), lead(q),
                                kTile + 4L * strip.key() * lead(keys.k), lead(keys.k), 0, b.p + at, lead));
                    }
                    blas.sgemm(new Sgemm(false, true, strip.rows(), strip.keys(), vDim, 1,
                            doAddress + 4L * strip.row() * lead(dO), lead(dO), vTile + 4L * strip.key() * lead(keys.v),
                            lead(keys.v), 0, b.ds + at, lead));
                }
                long earlier = rows * (tile - begin);
                long scores = kept.map(all -> all.of(keys.batch, head, first, earlier)).orElse(b.p);
                for (int r = 0; r < rows; r++) {
                    int seen = (int) Math.min(width, first + r + 1 - tile);
                    long p = b.p + 4L * r * lead;
                    long ds = b.ds + 4L * r * lead;
                    probabilities(scores + 4L * r * lead, p, ds, Lanes.whole(seen), Lanes.get(lse, first + r),
                            b.delta[r]);
                    Flat.fill(0, p + 4L * seen, lead - seen);
                    Flat.fill(0, ds + 4L * seen, lead - seen);
                }
                for (CausalStrips.Strip strip : strips) {
                    long at = 4 * ((long) strip.row() * lead + strip.key());
                    blas.sgemm(new Sgemm(true, false, strip.keys(), vDim, strip.rows(), 1, b.p + at, lead,
                            doAddress + 4L * strip.row() * lead(dO), lead(dO), 1,
                            keys.dvAddress + 4 * (tile + strip.key()) * keys.dv.lead(), lead(keys.dv)));
                    blas.sgemm(new Sgemm(true, false, strip.keys(), qDim, strip.rows(), scale, b.ds + at, lead,
                            qAddress + 4L * strip.row() * lead(q), lead(q), 1,
                            keys.dkAddress + 4 * (tile + strip.key()) * keys.dk.lead(), lead(keys.dk)));
                }
                blas.sgemm(new Sgemm(false, false, rows, qDim, width, scale, b.ds, lead, kTile, lead(keys.k),
                        tile > begin ? 1 : 0, dqAddress, lead(dq)));
            }
            dq.write(first, rows, b.dq);
        }
    }

    /**
     * Computes probabilities p from scores, which may lie in the same memory, and updates ds from the gradient with respect to p to the gradient with
     * respect to the scores.
     *
     * @param n a multiple of the lanes
     */
    private static void probabilities(long scores, long p, long ds, long n, float lse, float delta) {
        FloatVector shift = Lanes.all(lse);
        FloatVector deltas = Lanes.all(delta);
        for (long i = 0; i < n; i += Lanes.COUNT) {
            FloatVector e = Exp.of(Lanes.load(scores, i).sub(shift));
            Lanes.store(e, p, i);
            Lanes.store(e.mul(Lanes.load(ds, i).sub(deltas)), ds, i);
        }
    }
}
