package io.moe4j.layers.decoder;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** The sums of the losses of each module for multi-token prediction in a step. */
final class PredictionLosses implements AutoCloseable {
    private final RankContext rank;
    private final Memory memory;
    private final Tensor sums_K;

    /** Sums start at zero. */
    PredictionLosses(RankContext rank, int modules) {
        this.rank = rank;
        memory = rank.device().allocate(Tensor.bytes(DType.F32, modules), "step report");
        sums_K = Tensor.of(memory, 0, DType.F32, modules);
        rank.stream().fill(sums_K, 0);
    }

    Tensor sums_K() {
        return sums_K;
    }

    /** F32 (1): the sum of one module, to be added to. */
    Tensor of(int module) {
        return sums_K.slice(0, module, module + 1L);
    }

    /** Begins a step. */
    void clear() {
        rank.stream().fill(sums_K, 0);
    }

    @Override
    public void close() {
        memory.close();
    }
}
