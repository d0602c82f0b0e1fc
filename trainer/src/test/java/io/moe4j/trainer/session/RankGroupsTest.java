package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.ParallelismConfig;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RankGroupsTest {

    /** The example of {@link RankGroups}. */
    @Test
    void rank5OfTwoReplicasOfFourShards() {
        RankGroups groups = RankGroups.of(new ParallelismConfig(2, 4, 2), 5);
        assertEquals(List.of(4, 5, 6, 7), groups.shards().ranks());
        assertEquals(List.of(1, 5), groups.replicas().ranks());
        assertEquals(List.of(4, 5), groups.expertParallel().ranks());
        assertEquals(List.of(5, 7), groups.expertShards().ranks());
        assertEquals(5, groups.world().index());
        assertFalse(groups.isFirstReplica());
        assertTrue(RankGroups.of(new ParallelismConfig(2, 4, 2), 1).isFirstReplica());
    }

    /** Every expert is held by each replica once: the groups that share the experts, and those that hold the same ones, are a grid. */
    @Test
    void groupsAreAGrid() {
        for (int rank = 0; rank < 16; rank++) {
            RankGroups groups = RankGroups.of(new ParallelismConfig(2, 8, 4), rank);
            assertEquals(8, groups.shards().size());
            assertEquals(4, groups.expertParallel().size());
            assertEquals(2, groups.expertShards().size());
            assertTrue(groups.shards().ranks().containsAll(groups.expertParallel().ranks()));
            assertTrue(groups.shards().ranks().containsAll(groups.expertShards().ranks()));
            assertEquals(List.of(rank), groups.expertParallel().ranks().stream()
                    .filter(groups.expertShards().ranks()::contains).toList());
        }
    }

    @Test
    void aLaunchHasEachRankOnce() {
        assertTrue(RankLaunch.threads(2, Duration.ofSeconds(1)).hasFirstRank());
        RankLaunch two = RankLaunch.threads(2, Duration.ofSeconds(1));
        assertThrows(IllegalArgumentException.class, () -> new RankLaunch(2, List.of(), 0, two.rendezvous()));
        assertThrows(IllegalArgumentException.class, () -> new RankLaunch(2, List.of(1, 1), 0, two.rendezvous()));
        assertThrows(IllegalArgumentException.class, () -> new RankLaunch(2, List.of(2), 0, two.rendezvous()));
    }
}
