package io.moe4j.tests.gpu;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.Optional;
import java.util.ServiceLoader;

/** The last rank dies or hangs. The other ranks, which wait for their device, must learn of it in time. */
final class FailureScenarios {
    private static final int PART = 5003;

    private FailureScenarios() {}

    /** The last rank dies between two collectives. */
    static void killed(CollectivesProvider provider, Ranks.Rank rank) {
        try (Collectives all = provider.open(rank.world(), rank.context())) {
            new CollectivesCheck(rank, all).some();
            if (isLast(rank)) {
                Runtime.getRuntime().halt(7);
            }
            RankFailure told = told(rank, Duration.ZERO, limit(rank).dividedBy(2),
                    () -> all.allReduce(rank.gpu().stream, rank.gpu().tensor(DType.F32, 1000)));
            require(told.rank() == last(rank), "the wrong rank", told);
        }
    }

    /** The last rank dies while the others replay. */
    static void killedInReplay(CollectivesProvider provider, Ranks.Rank rank) {
        replaying(provider, rank, (graph, all) -> {
            if (isLast(rank)) {
                Runtime.getRuntime().halt(7);
            }
            RankFailure told = told(rank, Duration.ZERO, limit(rank).dividedBy(2),
                    () -> graph.replay(rank.gpu().stream));
            require(told.rank() == last(rank), "the wrong rank", told);
        });
    }

    /** The last rank makes the first of a graph's two calls, and then hangs, while the others replay both. */
    static void hungInReplay(CollectivesProvider provider, Ranks.Rank rank) {
        replaying(provider, rank, (graph, all) -> {
            if (isLast(rank)) {
                all.allGather(rank.gpu().stream, rank.gpu().tensor(DType.F32, PART),
                        rank.gpu().tensor(DType.F32, (long) PART * rank.world().size()));
                RankFailure failure = await(rank, limit(rank).multipliedBy(3));
                System.out.println("rank " + rank.index() + " hung until " + failure);
                return;
            }
            RankFailure told = told(rank, limit(rank).minusSeconds(1), limit(rank).multipliedBy(2),
                    () -> graph.replay(rank.gpu().stream));
            boolean named = provider.id().equals("nccl")
                    ? told.phase().contains("reduce-scatter (call 2 of 2 in a replayed graph)")
                            && told.phase().contains("group world")
                    : told.phase().contains("reduce-scatter") && told.rank() == last(rank);
            require(named, "the call is not named", told);
        });
    }

    private interface WithGraph {
        void run(CapturedGraph graph, Collectives all);
    }

    /** Captures an all-gather and a reduce-scatter, and replays them twice on all ranks. */
    private static void replaying(CollectivesProvider provider, Ranks.Rank rank, WithGraph then) {
        int n = PART * rank.world().size();
        Tensor whole = rank.gpu().floats(DType.F32, new double[n], n);
        Tensor part = rank.gpu().floats(DType.F32, new double[PART], PART);
        GraphCaptureProvider captures = Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph");
        try (Collectives all = provider.open(rank.world(), rank.context());
                GraphCapture capture = captures.open(rank.context())) {
            CapturedGraph graph = capture.capture(rank.gpu().stream, () -> {
                all.allGather(rank.gpu().stream, part, whole);
                all.reduceScatter(rank.gpu().stream, whole, part);
            });
            graph.replay(rank.gpu().stream);
            graph.replay(rank.gpu().stream);
            rank.gpu().stream.synchronize();
            rank.context().rendezvous().exchange(rank.world(), "replayed", new byte[0]);
            then.run(graph, all);
        }
    }

    /** Runs {@code work} and waits for the device. This must fail after {@code atLeast} and before {@code atMost}. */
    private static RankFailure told(Ranks.Rank rank, Duration atLeast, Duration atMost, Runnable work) {
        long begin = System.nanoTime();
        try {
            work.run();
            rank.gpu().stream.synchronize();
        } catch (RankFailedException e) {
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf("rank %d was told after %.2f s: %s%n", rank.index(), seconds, e.getMessage());
            require(seconds >= atLeast.toMillis() / 1e3 && seconds <= atMost.toMillis() / 1e3,
                    "not within " + atLeast + " to " + atMost, e.failure());
            return e.failure();
        }
        throw new AssertionError("it ended without rank " + last(rank));
    }

    private static RankFailure await(Ranks.Rank rank, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (System.nanoTime() < end) {
            Optional<RankFailure> failure = rank.context().rendezvous().failure();
            if (failure.isPresent()) {
                return failure.get();
            }
            Thread.onSpinWait();
        }
        throw new AssertionError("nobody noticed within " + atMost);
    }

    private static void require(boolean condition, String what, RankFailure failure) {
        if (!condition) {
            throw new AssertionError(what + ": " + failure);
        }
    }

    private static Duration limit(Ranks.Rank rank) {
        return rank.context().device().config().timeout();
    }

    private static boolean isLast(Ranks.Rank rank) {
        return rank.index() == last(rank);
    }

    private static int last(Ranks.Rank rank) {
        return rank.world().size() - 1;
    }
}
