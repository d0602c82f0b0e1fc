package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How ranks divide the work. The world is {@code replicate · shard} ranks; rank {@code r} has replica {@code r / shard}. Expert-parallel
 * groups are consecutive ranks inside a shard group.
 *
 * @param dataParallelReplicateDegree copies of all parameters, at least 1
 * @param dataParallelShardDegree ranks that share one copy, at least 1; -1 in files for all ranks of a replica
 * @param expertParallelDegree EP, ranks that share the experts, at least 1; divides the shard degree and the experts
 */
@Stability(Stability.Level.EVOLVING)
public record ParallelismConfig(int dataParallelReplicateDegree, int dataParallelShardDegree,
        int expertParallelDegree) {

    /** Ranks of the world. */
    public long world() {
        return (long) dataParallelReplicateDegree * dataParallelShardDegree;
    }
}
