package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How ranks divide the work. The world is {@code replicate · shard} ranks; rank {@code r} has replica {@code r / shard}. Expert-parallel
 * groups are consecutive ranks inside a shard group.
 *
 * @param dataParallelReplicateDegree copies of all parameters, at least 1
 * @param dataParallelShardDegree ranks over which one copy is spread, at least 1; -1 in files for all ranks of a replica
 * @param expertParallelDegree EP, ranks over which the experts are spread, at least 1; a divisor of the shard degree and of the number of experts
 * @param reshardAfterForward whether parameters that are spread over ranks are released after each use; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ParallelismConfig(int dataParallelReplicateDegree, int dataParallelShardDegree,
        int expertParallelDegree, ReshardAfterForward reshardAfterForward) {

    /** With {@code reshardAfterForward} set to {@link ReshardAfterForward#AUTO}. */
    public ParallelismConfig(int dataParallelReplicateDegree, int dataParallelShardDegree, int expertParallelDegree) {
        this(dataParallelReplicateDegree, dataParallelShardDegree, expertParallelDegree, ReshardAfterForward.AUTO);
    }

    /** The number of ranks of the world. */
    public long world() {
        return (long) dataParallelReplicateDegree * dataParallelShardDegree;
    }

    /** With another value of {@code dataParallelReplicateDegree}. */
    public ParallelismConfig withDataParallelReplicateDegree(int value) {
        return Components.with(this, "dataParallelReplicateDegree", value);
    }

    /** With another value of {@code dataParallelShardDegree}. */
    public ParallelismConfig withDataParallelShardDegree(int value) {
        return Components.with(this, "dataParallelShardDegree", value);
    }

    /** With another value of {@code expertParallelDegree}. */
    public ParallelismConfig withExpertParallelDegree(int value) {
        return Components.with(this, "expertParallelDegree", value);
    }

    /** With another value of {@code reshardAfterForward}. */
    public ParallelismConfig withReshardAfterForward(ReshardAfterForward value) {
        return Components.with(this, "reshardAfterForward", value);
    }
}
