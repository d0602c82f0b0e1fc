package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Microbatch;

/**
 * The sums of the router's auxiliary losses in a step, by layer.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RouterLossSums implements AutoCloseable {
    private final RankContext rank;
    private final Memory memory;
    private final Tensor sums_L2;
    private Microbatch microbatch = Microbatch.ONLY;

    /** Sums start at zero. */
    public RouterLossSums(RankContext rank, int layers) {
        this.rank = rank;
        memory = rank.device().allocate(Tensor.bytes(DType.F32, layers, 2), "expert balance");
        sums_L2 = Tensor.of(memory, 0, DType.F32, layers, 2);
        rank.stream().fill(sums_L2, 0);
    }

    /** Balance and z terms of all layers. */
    public Tensor sums_L2() {
        return sums_L2;
    }

    /** Sets the microbatch of the losses that follow: those of a step's first microbatch overwrite the old sums, later ones are added. */
    public void begin(Microbatch next) {
        microbatch = next;
    }

    /** The sums of one layer, from 0, ready for the current microbatch's terms to be added. */
    Tensor open(int layer) {
        Tensor sums_2 = sums_L2.select(layer);
        if (microbatch.isFirst()) {
            rank.stream().fill(sums_2, 0);
        }
        return sums_2;
    }

    @Override
    public void close() {
        memory.close();
    }

    /**
     * The sums of one layer.
     *
     * @param all those of all layers
     * @param index of the layer among those with experts, from 0
     */
    public record Layer(RouterLossSums all, int index) {
        /** F32 (2), ready for the current microbatch's terms to be added. */
        public Tensor open() {
            return all.open(index);
        }
    }
}
