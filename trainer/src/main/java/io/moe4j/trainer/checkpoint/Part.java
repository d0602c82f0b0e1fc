package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.util.function.Function;

/** The tensors that lie in shards: one file each, all with the same names. */
enum Part {
    /** Parameters, readable as a Hugging Face checkpoint. */
    MODEL("model", shard -> shard.unit().shard()),
    /** AdamW's first moments. */
    FIRST_MOMENT("first_moment", Shard::firstMoment),
    /** AdamW's second moments. */
    SECOND_MOMENT("second_moment", Shard::secondMoment);

    private final String file;
    private final transient Function<Shard, Tensor> tensor;

    Part(String file, Function<Shard, Tensor> tensor) {
        this.file = file;
        this.tensor = tensor;
    }

    /** The beginning of its files' names. */
    String file() {
        return file;
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
