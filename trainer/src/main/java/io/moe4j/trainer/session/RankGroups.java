package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Group;
import io.moe4j.trainer.config.ParallelismConfig;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The groups of one rank.
 *
 * <p>Example: 2 replicas of 4 shards, EP 2. Rank 5 is in replica 1 = {4, 5, 6, 7}; its expert-parallel group is {4, 5}; the experts that it holds are also
 * held by rank 7, so that its expert shards are {5, 7}; and rank 1 of the other replica has the same shards, so that its replicas are {1, 5}.
 *
 * @param world all ranks
 * @param shards the ranks on which one copy of the parameters is spread
 * @param replicas the ranks that have the same shard as this one
 * @param expertParallel the ranks on which the experts are spread
 * @param expertShards the ranks of the shard group that hold the same experts
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankGroups(Group world, Group shards, Group replicas, Group expertParallel, Group expertShards) {
    /** Name of the expert-parallel group. */
    static final String EXPERT_PARALLEL = "expert_parallel";

    /** Suffix of the name of a group whose work is on the communication stream. */
    static final String BESIDE = "_beside";

    /** The groups of world rank {@code rank}. */
    public static RankGroups of(ParallelismConfig layout, int rank) {
        int shard = layout.dataParallelShardDegree();
        int ep = layout.expertParallelDegree();
        int world = Math.toIntExact(layout.world());
        return new RankGroups(group("world", world, rank, other -> true),
                group("data_parallel_shard", world, rank, other -> other / shard == rank / shard),
                group("data_parallel_replicate", world, rank, other -> other % shard == rank % shard),
                group(EXPERT_PARALLEL, world, rank, other -> other / ep == rank / ep),
                group("expert_shard", world, rank,
                        other -> other / shard == rank / shard && other % ep == rank % ep));
    }

    /** Whether this rank belongs to the first copy of the parameters. */
    public boolean isFirstReplica() {
        return replicas.index() == 0;
    }

    private static Group group(String name, int world, int rank, IntPredicate member) {
        List<Integer> ranks = IntStream.range(0, world).filter(member).boxed().toList();
        return new Group(name, ranks, ranks.indexOf(rank));
    }
}
