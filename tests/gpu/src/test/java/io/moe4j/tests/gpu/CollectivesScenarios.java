package io.moe4j.tests.gpu;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import java.util.List;

/** Scenarios of collectives between processes. */
final class CollectivesScenarios {

    private CollectivesScenarios() {}

    static void all(CollectivesProvider provider, Ranks.Rank rank) {
        long begin = System.nanoTime();
        try (Collectives all = provider.open(rank.world(), rank.context())) {
            System.out.printf("rank %d: opened in %.0f ms%n", rank.index(), (System.nanoTime() - begin) / 1e6);
            CollectivesCheck check = new CollectivesCheck(rank, all);
            check.all();
            check.large();
            subgroups(provider, rank, check);
            System.out.printf("rank %d: %.1f us of host time a call%n", rank.index(),
                    check.microsecondsPerCall());
        }
    }

    /** Collectives between pairs of ranks, while those of the world are open. */
    private static void subgroups(CollectivesProvider provider, Ranks.Rank rank, CollectivesCheck world) {
        int partner = rank.index() ^ 1;
        if (partner >= rank.world().size()) {
            return;
        }
        List<Integer> pair = List.of(Math.min(rank.index(), partner), Math.max(rank.index(), partner));
        try (Collectives two = provider.open(new Group("pair", pair, rank.index() & 1), rank.context())) {
            new CollectivesCheck(rank, two).some();
        }
        world.some();
    }

    static void captured(CollectivesProvider provider, Ranks.Rank rank) {
        try (Collectives all = provider.open(rank.world(), rank.context())) {
            new CollectivesCheck(rank, all).captured();
        }
    }

    /** Ranks of one host on one GPU, which NCCL must refuse. */
    static void shared(CollectivesProvider provider, Ranks.Rank rank) {
        try {
            provider.open(rank.world(), rank.context()).close();
            throw new AssertionError("ranks that share a GPU were taken");
        } catch (DeviceException e) {
            System.out.println("rank " + rank.index() + ": " + e.getMessage());
            if (!e.getMessage().contains("cuda_peer_memory")) {
                throw e;
            }
        }
    }
}
