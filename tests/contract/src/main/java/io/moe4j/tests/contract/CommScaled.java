package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Exchanges of rows with scales: numbers and scales arrive together, bit for bit, and outputs come back in the return type. */
final class CommScaled {
    private static final int ROUNDS = 2;

    private final CommCase shape;
    private final DType rowType;
    private final DType returnType;
    private final int scalesOfRow;
    private final CommReference reference;

    CommScaled(CommCase shape, DType rowType) {
        this.shape = shape;
        this.rowType = rowType;
        returnType = shape.config(rowType).returnType();
        scalesOfRow = Math.toIntExact(shape.config(rowType).scalesOfRow());
        reference = new CommReference(shape);
    }

    /** No scale, one, a part of a piece, several pieces; all rows, none, dropped ones. */
    static List<CommCase> cases(int ranks) {
        int experts = ranks == 3 ? 6 : 8;
        return List.of(
                CommCase.of("three pieces x" + ranks, ranks, 21, 300, experts, 2, CommCase.Routing.RANDOM),
                CommCase.of("whole pieces x" + ranks, ranks, 9, 256, experts, Math.min(3, experts),
                        CommCase.Routing.SKEWED),
                CommCase.of("one element x" + ranks, ranks, 5, 1, experts, 2, CommCase.Routing.ODD),
                CommCase.of("no tokens x" + ranks, ranks, 0, 130, experts, 2, CommCase.Routing.RANDOM),
                CommCase.of("one expert has everything x" + ranks, ranks, 29, 129, experts, 1,
                        CommCase.Routing.LAST));
    }

    /** Uses both buffers, each twice, with other rows and scales each time. */
    void on(CommRank rank) {
        try (Scope step = rank.memory().openStep()) {
            Tensor ids = rank.values().of(reference.ids(rank.index()), shape.tokens(), shape.topK());
            DispatchPlan plan = rank.backend().plan(ids);
            for (int salt = 0; salt < 200 * ROUNDS; salt += 200) {
                exchange(rank, plan, ReceiveBuffer.ACTIVATIONS, salt);
                exchange(rank, plan, ReceiveBuffer.GRADIENTS, salt + 100);
            }
        }
    }

    private void exchange(CommRank rank, DispatchPlan plan, ReceiveBuffer buffer, int salt) {
        double[][] sent = new double[shape.ranks()][];
        double[][] scales = new double[shape.ranks()][];
        double[][] computed = new double[shape.ranks()][];
        for (int r = 0; r < shape.ranks(); r++) {
            sent[r] = shape.values(rowType, shape.tokens() * shape.dim(), salt + r);
            scales[r] = shape.values(DType.F32, shape.tokens() * scalesOfRow, salt + 10 + r);
            computed[r] = shape.values(returnType, reference.received(r) * shape.dim(), salt + 20 + r);
        }
        int me = rank.index();
        Tensor scalesOfX = rank.values().of(DType.F32, scales[me], shape.tokens(), scalesOfRow);
        Tensor x = rank.values().of(rowType, sent[me], shape.tokens(), shape.dim())
                .withScales(Optional.of(Scales.ofRows(scalesOfX)));
        ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, buffer)).await();
        int received = reference.received(me);
        Tensor arrived = rows.rows_RD().slice(0, 0, received);
        rank.expect("numbers of rows_RD", reference.dispatched(me, sent, shape.dim(), shape.topK()), arrived);
        Scales with = arrived.scales().orElseThrow(() -> new AssertionError("rank " + me + ": rows_RD() is " + arrived
                + " without scales; the scales of dispatched rows arrive with them"));
        rank.expect("scales of rows_RD", reference.dispatched(me, scales, scalesOfRow, shape.topK()), with.values());
        HostValues.write(rank.stream(), rows.outputs_RD().slice(0, 0, received), computed[me]);
        Tensor out = rank.values().tensor(returnType, shape.tokens(), shape.dim());
        rank.stream().fill(out, Double.NaN);
        rank.backend().combine(CombineRequest.of(rows, out)).await();
        rank.expect("out_TD", reference.combined(me, computed, returnType), out);
        rank.expect("x_TD, which is read only", sent[me], x);
        rank.expect("scales of x_TD, which are read only", scales[me], scalesOfX);
    }

    /** Rows without the scales that they need are refused, before anything is launched. */
    void withoutScales(CommRank rank) {
        try (Scope step = rank.memory().openStep()) {
            Tensor ids = rank.values().of(reference.ids(rank.index()), shape.tokens(), shape.topK());
            DispatchPlan plan = rank.backend().plan(ids);
            Tensor x = rank.values().tensor(rowType, shape.tokens(), shape.dim());
            assertThrows(IllegalArgumentException.class,
                    () -> rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)),
                    "a dispatch of " + rowType + " rows without scales");
        }
    }

    /** A backend that does not support such rows is not opened for them. */
    static void isRefused(CommKit kit, CommCase shape, DType rowType) {
        try (RankTeam team = RankTeam.open(kit.device(), 1, CommKit.stackBytes(shape))) {
            team.run(context -> {
                DeviceException refused = assertThrows(DeviceException.class,
                        () -> CommRank.open(kit, shape.config(rowType), context, context.world()),
                        kit.provider().id() + " was opened for rows of " + rowType + ", which it does not support");
                assertTrue(String.valueOf(refused.getMessage()).contains(rowType.name()), refused.getMessage());
                return true;
            });
        }
    }
}
