package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.checkpoint.store.Role;
import io.moe4j.trainer.step.Optimizer.Shard;

/** The tensors that lie in shards: one file each, all with the same names. */
enum ShardKind {
    /** Parameters and buffers. */
    MODEL(Role.WEIGHTS),
    /** AdamW's first moments. */
    FIRST_MOMENT(Role.FIRST_MOMENT),
    /** AdamW's second moments. */
    SECOND_MOMENT(Role.SECOND_MOMENT);

    private final Role role;

    ShardKind(Role role) {
        this.role = role;
    }

    /** What its files are in a checkpoint. */
    Role role() {
        return role;
    }

    /** The tensor of a unit. */
    Tensor of(Shard shard) {
        return switch (this) {
            case MODEL -> shard.unit().shard();
            case FIRST_MOMENT -> shard.firstMoment();
            case SECOND_MOMENT -> shard.secondMoment();
        };
    }

    /** Element type of a rank's tensors. */
    DType dtype(RankState state) {
        return state.optimizer().shards().stream().map(shard -> of(shard).dtype()).findFirst().orElse(DType.F32);
    }
}
