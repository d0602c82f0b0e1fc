package io.moe4j.trainer.update;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.function.Consumer;

/**
 * The moments of a unit.
 *
 * @param update the update that uses them
 * @param first (n), laid out like the unit's shard
 * @param second second moments of the stretches that have some, one after the other
 */
@Stability(Stability.Level.INTERNAL)
public record UnitMoments(UnitUpdate update, Tensor first, Tensor second) {

    /** Allocates moments and sets them to zero, on the host or on the device. */
    static UnitMoments open(RankContext rank, UnitUpdate update, DType dtype, boolean onHost, Resources resources) {
        return new UnitMoments(update, open(rank, update.elements(), dtype, onHost, resources),
                open(rank, update.secondElements(), dtype, onHost, resources));
    }

    private static Tensor open(RankContext rank, long elements, DType dtype, boolean onHost, Resources resources) {
        long bytes = Tensor.bytes(dtype, elements);
        Memory memory = resources.add(onHost ? rank.device().allocateHost(bytes, Moments.PURPOSE)
                : rank.device().allocate(bytes, Moments.PURPOSE));
        Tensor moments = Tensor.of(memory, 0, dtype, elements);
        if (!onHost) {
            rank.stream().fill(moments, 0);
        }
        return moments;
    }

    /**
     * Visits the parts of elements {@code from} to {@code to} of the shard.
     *
     * @param firsts the first moments of these elements
     * @param seconds the second moments of those elements that have some
     */
    void forEachPart(long from, long to, Tensor firsts, Tensor seconds, Consumer<UpdatePart> visitor) {
        long before = update.secondBefore(from);
        for (Stretch stretch : update.stretches()) {
            Stretch part = stretch.within(from, to);
            if (part.elements() > 0) {
                visitor.accept(new UpdatePart(part, firsts.slice(0, part.from() - from, part.to() - from),
                        seconds.slice(0, update.secondBefore(part.from()) - before,
                                update.secondBefore(part.to()) - before)));
            }
        }
    }
}
