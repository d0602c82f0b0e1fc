package io.moe4j.tests.contract;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;

/**
 * An exchange of one rank with itself whose last received rows begin beyond 2³¹ bytes. T tokens go to all e experts, so that R = e · T; with rows of
 * 256 KiB the last
 * expert's rows are the far ones. Only some rows hold something, and only those are read by the host.
 */
final class CommFar {
    private static final int EXPERTS = 8;
    private static final int DIM = 64 << 10;
    private static final int TOKENS = 1 + (int) ((1L << 31) / (EXPERTS * 4L * DIM));
    /** Bytes of memory before the buffer, to which an overflowed offset would point. A correct exchange never touches it. */
    private static final long MOAT = 5L << 29;

    private CommFar() {}

    static void check(CommKit kit) {
        CommCase shape = CommCase.of("far", 1, TOKENS, DIM, EXPERTS, EXPERTS, CommCase.Routing.FIRST);
        long rows = 4L * DIM * EXPERTS * TOKENS;
        try (Memory above = kit.device().allocate(MOAT, "contract moat");
                RankTeam team = RankTeam.open(kit.device(), 1, 7 * rows / 2 + (64 << 20))) {
            team.run(context -> CommRank.with(kit, shape.config(DType.F32), context, context.world(), rank -> {
                try (Memory below = kit.device().allocate(MOAT, "contract moat")) {
                    exchange(rank, shape);
                }
            }));
        }
    }

    private static void exchange(CommRank rank, CommCase shape) {
        int[] ids = shape.ids()[0];
        Tensor x = rank.values().tensor(DType.F32, TOKENS, DIM);
        Tensor out = rank.values().tensor(DType.F32, TOKENS, DIM);
        int[] looked = {0, 1, TOKENS - 2, TOKENS - 1};
        for (int token : looked) {
            HostValues.write(rank.stream(), x.select(token), row(token));
        }
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan plan = rank.backend().plan(rank.values().of(ids, TOKENS, EXPERTS));
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            for (int expert : new int[] {0, EXPERTS / 2, EXPERTS - 1}) {
                for (int token : looked) {
                    // FIRST sends token t's slot k to expert k: arrival order is by expert, then by token.
                    long place = (long) expert * TOKENS + token;
                    rank.expect("row " + place + " of rows_RD, which begins at byte " + place * 4 * DIM, row(token),
                            rows.rows_RD().select(place));
                }
            }
            rank.backend().combine(CombineRequest.of(rows, out)).await();
            for (int token : looked) {
                double[] sum = row(token);
                Arrays.setAll(sum, d -> EXPERTS * sum[d]);
                rank.expect("row " + token + " of out_TD", sum, out.select(token));
            }
        }
    }

    /** Small integers, so that sums are exact. */
    private static double[] row(int token) {
        double[] row = new double[DIM];
        Arrays.setAll(row, d -> (d + 7 * token) % 1000);
        return row;
    }
}
