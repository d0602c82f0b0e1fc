package io.moe4j.trainer.session;

import io.moe4j.api.group.Collectives;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.Optional;

/**
 * A rank's collectives, by what they are for; a group of one needs none.
 *
 * @param shards over the ranks that share one copy of the parameters
 * @param replicas over the ranks that have the same shard
 * @param expertShards over the ranks that hold the same experts
 * @param expertParallel over the ranks that share the experts; present if the communication backend asks for it
 */
record RankCollectives(Optional<Collectives> shards, Optional<Collectives> replicas,
        Optional<Collectives> expertShards, Optional<Collectives> expertParallel) {

    /** Who holds the parameters of all but the experts. */
    ShardGroup dense() {
        return new ShardGroup(shards, replicas);
    }

    /** Who holds the parameters of this rank's experts. */
    ShardGroup expert() {
        return new ShardGroup(expertShards, replicas);
    }
}
