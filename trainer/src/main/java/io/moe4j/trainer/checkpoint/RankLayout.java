package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.util.List;

/**
 * The tensors that one rank holds, without values: enough to declare the tensors of its files.
 *
 * @param rank the rank in the world
 * @param model names and sizes of its parameters and buffers
 * @param shards its units
 */
record RankLayout(int rank, Model model, List<Shard> shards) {

    static RankLayout of(RankState state) {
        return new RankLayout(state.rank().rank(), state.model(), state.optimizer().layout());
    }

    /** The bytes of its tensors, about as many as the rank writes. */
    long bytes() {
        long bytes = writesBuffers() ? model.buffers().values().stream().mapToLong(Tensor::bytes).sum() : 0;
        for (ShardKind part : ShardKind.values()) {
            bytes += shards.stream().flatMap(shard -> part.of(shard).stream()).mapToLong(each -> each.tensor().bytes())
                    .sum();
        }
        return bytes;
    }

    /** Buffers are the same on every rank. */
    boolean writesBuffers() {
        return rank == 0;
    }
}
