package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;
import io.moe4j.api.group.Collectives;
import java.util.Optional;

/**
 * The ranks that hold a unit: its shards are spread over one group, and each shard is repeated over the other. An absent group means this rank alone.
 *
 * @param shards collectives of the ranks that hold one shard each
 * @param replicas collectives of the ranks that hold the same shard
 * @param beside the same groups, with separate collectives for the rank's communication stream, so that both streams can communicate at the same time. Absent
 *     if there is no such stream. Since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ShardGroup(Optional<Collectives> shards, Optional<Collectives> replicas, Optional<ShardGroup> beside) {

    /** Without collectives for a second stream. */
    public ShardGroup(Optional<Collectives> shards, Optional<Collectives> replicas) {
        this(shards, replicas, Optional.empty());
    }

    /**
     * With collectives for the stream for communication.
     *
     * @since 0.3.0
     */
    public ShardGroup withBeside(ShardGroup same) {
        return new ShardGroup(shards, replicas, Optional.of(same));
    }

    /** Held whole by this rank alone. */
    public static ShardGroup alone() {
        return new ShardGroup(Optional.empty(), Optional.empty());
    }

    /** Number of shards. */
    public int size() {
        return shards.map(collectives -> collectives.group().size()).orElse(1);
    }

    /** The index of the shard that this rank holds. */
    public int index() {
        return shards.map(collectives -> collectives.group().index()).orElse(0);
    }
}
