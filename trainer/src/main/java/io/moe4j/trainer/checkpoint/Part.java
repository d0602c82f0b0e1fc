package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.checkpoint.store.Role;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.util.function.Function;

/** The tensors that lie in shards: one file each, all with the same names. */
enum Part {
    /** Parameters and buffers. */
    MODEL(Role.WEIGHTS, shard -> shard.unit().shard()),
    /** AdamW's first moments. */
    FIRST_MOMENT(Role.FIRST_MOMENT, Shard::firstMoment),
    /** AdamW's second moments. */
    SECOND_MOMENT(Role.SECOND_MOMENT, Shard::secondMoment);

    private final Role role;
    private final transient Function<Shard, Tensor> tensor;

    Part(Role role, Function<Shard, Tensor> tensor) {
        this.role = role;
        this.tensor = tensor;
    }

    /** What its files are in a checkpoint. */
    Role role() {
        return role;
    }

    /** The tensor of a unit. */
    Tensor of(Shard shard) {
        return tensor.apply(shard);
    }

    /** Element type of a rank's tensors. */
    DType dtype(RankState state) {
        return state.optimizer().shards().stream().map(shard -> of(shard).dtype()).findFirst().orElse(DType.F32);
    }
}
