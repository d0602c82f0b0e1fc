package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** If a rank fails, the others end with an error that names it; if a rank never comes, they do so at the time limit. */
final class CommFailure {
    private static final Duration AT_ONCE = Duration.ofSeconds(15);

    private final CommKit kit;
    private final CommCase shape;
    private final int culprit;

    /** The call before which the failing rank stops. */
    enum Before {
        PLAN, DISPATCH, COMBINE
    }

    CommFailure(CommKit kit, CommCase shape, int culprit) {
        this.kit = kit;
        this.shape = shape;
        this.culprit = culprit;
    }

    /** The failing rank throws. The others end with an error that names it, well before the device's own time limit. */
    void throwing(Before before) {
        long start = System.nanoTime();
        List<RankTeam.Outcome<Boolean>> outcomes = outcomes(before, rank -> {
            throw new IllegalArgumentException("injected");
        });
        Duration taken = Duration.ofNanos(System.nanoTime() - start);
        for (int rank = 0; rank < outcomes.size(); rank++) {
            Throwable error = outcomes.get(rank).error().orElseThrow(() -> new AssertionError("a rank went on alone"));
            if (rank == culprit) {
                assertInstanceOf(IllegalArgumentException.class, error, "the culprit's own error");
            } else {
                assertEquals(culprit, rankFailure(error).failure().rank(), () -> "who is blamed in " + error);
            }
        }
        assertTrue(taken.compareTo(AT_ONCE) < 0 || taken.compareTo(kit.device().config().timeout()) < 0,
                "the others needed " + taken + " to find out");
    }

    /** The failing rank does not come, and reports nothing. The device was opened with a short time limit. */
    void missing(Before before) {
        List<RankTeam.Outcome<Boolean>> outcomes = outcomes(before, rank -> {
            while (rank.context().rendezvous().failure().isEmpty()) {
                Thread.sleep(5);
            }
            rank.context().rendezvous().check();
        });
        for (RankTeam.Outcome<Boolean> outcome : outcomes) {
            Throwable error = outcome.error().orElseThrow(() -> new AssertionError("a rank went on alone"));
            RankFailedException failure = rankFailure(error);
            assertEquals(culprit, failure.failure().rank(), () -> "who is missed in " + error);
            assertTrue(!failure.failure().phase().isBlank(), () -> "no phase in " + error);
        }
    }

    private List<RankTeam.Outcome<Boolean>> outcomes(Before before, CommRank.Check instead) {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            return team.attempt(context -> CommRank.with(kit, shape.config(DType.F32), context, context.world(),
                    rank -> {
                        exchange(rank, before, instead);
                        rank.stream().synchronize();
                    }));
        }
    }

    private void exchange(CommRank rank, Before before, CommRank.Check instead) throws Exception {
        try (Scope step = rank.memory().openStep()) {
            stopAt(Before.PLAN, before, rank, instead);
            Tensor ids = rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK());
            Tensor x = rank.values().of(DType.F32, new double[shape.tokens() * shape.dim()], shape.tokens(),
                    shape.dim());
            DispatchPlan plan = rank.backend().plan(ids);
            stopAt(Before.DISPATCH, before, rank, instead);
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            stopAt(Before.COMBINE, before, rank, instead);
            rank.backend().combine(CombineRequest.of(rows, x)).await();
        }
    }

    private void stopAt(Before here, Before before, CommRank rank, CommRank.Check instead) throws Exception {
        if (here == before && rank.index() == culprit) {
            instead.on(rank);
        }
    }

    private static RankFailedException rankFailure(Throwable error) {
        return Stream.iterate(error, cause -> cause != null, Throwable::getCause)
                .filter(RankFailedException.class::isInstance).map(RankFailedException.class::cast).findFirst()
                .orElseThrow(() -> new AssertionError("not a RankFailedException", error));
    }
}
