package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

record PlanningAttentionOps(WorkMeter work) implements AttentionOps {
    /** Backward makes five products where forward makes two, or four where it has the scores. */
    private static final double BACKWARD = 2.5;
    private static final double BACKWARD_OF_SCORES = 2;

    @Override
    public void forward(Stream stream, Forward a) {
        check(a);
        count(a, 1);
    }

    private static void check(Forward a) {
        AttentionShape s = a.shape();
        extents(s, s.heads(), s.queryKeyDim(), a.q_BSHQ());
        extents(s, s.keyHeads(), s.queryKeyDim(), a.k_BSHQ());
        extents(s, s.keyHeads(), s.valueDim(), a.v_BSHV());
        extents(s, s.heads(), s.valueDim(), a.o_BSHV());
        PlanningChecks.live("attention", a.lse_BHS());
        a.workspace().ifPresent(workspace -> PlanningChecks.live("attention", workspace));
        a.scores().ifPresent(scores -> PlanningChecks.live("attention", scores));
        a.starts_BS().ifPresent(starts -> {
            PlanningChecks.live("attention", starts);
            PlanningChecks.that(starts.shape().equals(List.of(s.batch(), s.sequence())), "attention",
                    "its starts are " + s.batch() + " by " + s.sequence(), starts);
        });
    }

    @Override
    public void backward(Stream stream, Backward b) {
        check(b.forward());
        count(b.forward(), b.forward().scores().isPresent() ? BACKWARD_OF_SCORES : BACKWARD);
        AttentionShape s = b.forward().shape();
        extents(s, s.heads(), s.queryKeyDim(), b.dq_BSHQ());
        extents(s, s.keyHeads(), s.queryKeyDim(), b.dk_BSHQ());
        extents(s, s.heads(), s.valueDim(), b.do_BSHV());
        extents(s, s.keyHeads(), s.valueDim(), b.dv_BSHV());
        b.workspace().ifPresent(workspace -> PlanningChecks.live("attention's gradient", workspace));
    }

    @Override
    public void decode(Stream stream, Decode a) {
        PlanningChecks.live("attention over a cache", a.q_THQ());
        PlanningChecks.live("attention over a cache", a.k_LGQ());
        PlanningChecks.live("attention over a cache", a.v_LGV());
        PlanningChecks.live("attention over a cache", a.o_THV());
    }

    /** A query attends over half of the keys on average. */
    private void count(Forward a, double passes) {
        AttentionShape s = a.shape();
        double pairs = s.batch() * s.heads() * (double) s.sequence() * (s.sequence() + 1) / 2;
        work.add(s.dtype(), passes * 2 * pairs * (s.queryKeyDim() + s.valueDim()),
                passes * WorkMeter.bytes(a.q_BSHQ(), a.k_BSHQ(), a.v_BSHV(), a.o_BSHV()));
    }

    private static void extents(AttentionShape shape, long heads, long dim, Tensor tensor) {
        List<Long> wanted = List.of(shape.batch(), shape.sequence(), heads, dim);
        PlanningChecks.live("attention", tensor);
        PlanningChecks.that(tensor.shape().equals(wanted), "attention", "its shape is " + wanted, tensor);
    }
}
