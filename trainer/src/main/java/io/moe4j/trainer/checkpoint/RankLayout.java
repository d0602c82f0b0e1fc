package io.moe4j.trainer.checkpoint;

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

    /** Buffers are the same on every rank. */
    boolean writesBuffers() {
        return rank == 0;
    }
}
