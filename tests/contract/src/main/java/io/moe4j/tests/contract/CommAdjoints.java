package io.moe4j.tests.contract;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Dispatch and combine are each other's adjoint: over all ranks, ⟨dispatch(x), y⟩ = ⟨x, combine(y)⟩, for rows and for scalars, whatever is
 * dropped. Values are small integers, so that all products and sums are exact, and both sides must be equal, not only close. Nothing here
 * computes where rows go, so that this test does not depend on the definition with which the others compare.
 */
final class CommAdjoints {

    private CommAdjoints() {}

    /** A rank's part of both sides, for rows and for scalars. */
    private record Parts(double rowsThere, double rowsBack, double scalarsThere, double scalarsBack) {}

    static void check(CommKit kit, CommCase shape) {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            List<Parts> all = team.run(context -> {
                Parts[] parts = new Parts[1];
                CommRank.with(kit, shape.config(DType.F32), context, context.world(),
                        rank -> parts[0] = on(rank, shape));
                return parts[0];
            });
            equal("rows", all.stream().mapToDouble(Parts::rowsThere).sum(),
                    all.stream().mapToDouble(Parts::rowsBack).sum());
            equal("scalars", all.stream().mapToDouble(Parts::scalarsThere).sum(),
                    all.stream().mapToDouble(Parts::scalarsBack).sum());
        }
    }

    private static Parts on(CommRank rank, CommCase shape) {
        try (Scope step = rank.memory().openStep()) {
            double[] x = shape.integers(shape.tokens() * shape.dim(), 50 + rank.index());
            double[] w = shape.integers(shape.tokens() * shape.topK(), 60 + rank.index());
            DispatchPlan plan = rank.backend()
                    .plan(rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK()));
            ReceivedRows rows = rank.backend()
                    .dispatch(DispatchRequest
                            .of(plan, rank.values().of(DType.F32, x, shape.tokens(), shape.dim()),
                                    ReceiveBuffer.ACTIVATIONS)
                            .withWeights(rank.values().of(DType.F32, w, shape.tokens(), shape.topK())))
                    .await();
            double[] offsets = rank.read(plan.offsets_e());
            int received = (int) offsets[offsets.length - 1];
            Tensor valid = rows.rows_RD().slice(0, 0, received);
            double[] y = shape.integers(received * shape.dim(), 70 + rank.index());
            double[] s = shape.integers(received, 80 + rank.index());
            final double rowsThere = dot(rank.read(valid), y);
            final double scalarsThere = dot(rank.read(rows.weights_R().slice(0, 0, received)), s);
            HostValues.write(rank.stream(), valid, y);
            HostValues.write(rank.stream(), rows.scalars_R().slice(0, 0, received), s);
            Tensor out = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
            Tensor back = rank.values().tensor(DType.F32, shape.tokens(), shape.topK());
            rank.backend().combine(CombineRequest.of(rows, out).withScalars(back)).await();
            return new Parts(rowsThere, dot(x, rank.read(out)), scalarsThere, dot(w, rank.read(back)));
        }
    }

    private static double dot(double[] a, double[] b) {
        double[] products = new double[a.length];
        Arrays.setAll(products, i -> a[i] * b[i]);
        return Arrays.stream(products).sum();
    }

    private static void equal(String what, double there, double back) {
        if (!(there == back)) {
            throw new AssertionError("<dispatch(x), y> = " + there + ", but <x, combine(y)> = " + back + " for " + what
                    + ": combine is not the adjoint of dispatch");
        }
    }
}
