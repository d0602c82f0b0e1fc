package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.checkpoint.store.Role;
import io.moe4j.trainer.step.Optimizer.Part;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.util.List;

/** The kinds of tensors that are sharded: each kind has its own file, and all have the same names. */
enum ShardKind {
    /** Parameters and buffers. */
    MODEL(Role.WEIGHTS),
    /** First moments. */
    FIRST_MOMENT(Role.FIRST_MOMENT),
    /** Second moments, of those parameters that have them. */
    SECOND_MOMENT(Role.SECOND_MOMENT);

    private final Role role;

    ShardKind(Role role) {
        this.role = role;
    }

    /** The role of its files in a checkpoint. */
    Role role() {
        return role;
    }

    /** The tensors of a unit. */
    List<Part> of(Shard shard) {
        return switch (this) {
            case MODEL -> List.of(new Part(shard.unit().shard(), 0));
            case FIRST_MOMENT -> List.of(new Part(shard.firstMoment(), 0));
            case SECOND_MOMENT -> shard.secondMoments();
        };
    }

    /** All parts of checkpoint tensors that a unit has on this rank. */
    List<NamedRange> ranges(NameMap names, Shard shard) {
        return of(shard).stream().flatMap(part -> names
                .ranges(shard.unit(), part.from(), part.from() + part.tensor().elements()).stream()).toList();
    }

    /** What to do about tensors that a checkpoint lacks, or has too many of, for messages. */
    String remedy() {
        return switch (this) {
            case MODEL -> "; resume with the model that the checkpoint was written by";
            case FIRST_MOMENT, SECOND_MOMENT -> "; resume with the model and the optimizer.name"
                    + " that the checkpoint was written by: Muon keeps no second moments of matrices, and its first"
                    + " moments are sums where AdamW's are means, so neither continues from the other's";
        };
    }

    /** Element type of a rank's tensors. */
    DType dtype(RankLayout layout) {
        return layout.shards().stream().flatMap(shard -> of(shard).stream())
                .map(part -> part.tensor().dtype()).findFirst().orElse(DType.F32);
    }
}
