package io.moe4j.trainer.session;

import io.moe4j.api.group.Collectives;
import io.moe4j.autograd.sharding.ShardGroup;
import java.util.Optional;
import java.util.function.Function;

/**
 * A rank's collectives, one for each of its groups; a group of one rank needs none.
 *
 * @param shards over the ranks on which one copy of the parameters is spread
 * @param replicas over the ranks that have the same shard
 * @param expertShards over the ranks that hold the same experts
 * @param expertParallel over the ranks on which the experts are spread; present if the communication backend asks for it
 * @param beside the first three once more, for the communication stream, if there is one
 */
record RankCollectives(Optional<Collectives> shards, Optional<Collectives> replicas,
        Optional<Collectives> expertShards, Optional<Collectives> expertParallel, Optional<RankCollectives> beside) {

    /** The groups that hold all parameters but those of experts. */
    ShardGroup dense() {
        return withBeside(new ShardGroup(shards, replicas), RankCollectives::dense);
    }

    /** The groups that hold the parameters of this rank's experts. */
    ShardGroup expert() {
        return withBeside(new ShardGroup(expertShards, replicas), RankCollectives::expert);
    }

    private ShardGroup withBeside(ShardGroup group, Function<RankCollectives, ShardGroup> same) {
        return beside.map(same).map(group::withBeside).orElse(group);
    }
}
