package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Memory for the rows of one dispatch that keeps them: rows, their scales if they have any, and their scalars, each beginning at an aligned address.
 *
 * @param rows_RD the rows, with their scales
 * @param weights_R F32: the scalars that arrive with the rows
 * @param scalesAt where the scales begin, in bytes from the beginning of the memory
 * @param weightsAt where the scalars begin, in bytes from the beginning of the memory
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record KeptPlace(Tensor rows_RD, Tensor weights_R, long scalesAt, long weightsAt) {

    /**
     * Lays out a place.
     *
     * @param memory memory of at least {@link #bytes} bytes
     * @param capacity R, the most rows
     */
    public static KeptPlace in(Memory memory, CommConfig config, long capacity) {
        long scalesAt = scalesAt(config, capacity);
        long weightsAt = weightsAt(config, capacity);
        Optional<Scales> scales = config.rowType().isScaled()
                ? Optional.of(Scales.ofRows(Tensor.of(memory, scalesAt, DType.F32, capacity, config.scalesOfRow())))
                : Optional.empty();
        return new KeptPlace(Tensor.of(memory, 0, config.rowType(), capacity, config.dim()).withScales(scales),
                Tensor.of(memory, weightsAt, DType.F32, capacity), scalesAt, weightsAt);
    }

    /** Bytes of a place. */
    public static long bytes(CommConfig config, long capacity) {
        return weightsAt(config, capacity) + MemoryStack.aligned(Tensor.bytes(DType.F32, capacity));
    }

    private static long scalesAt(CommConfig config, long capacity) {
        return MemoryStack.aligned(Tensor.bytes(config.rowType(), capacity, config.dim()));
    }

    private static long weightsAt(CommConfig config, long capacity) {
        return scalesAt(config, capacity)
                + MemoryStack.aligned(Tensor.bytes(DType.F32, capacity, config.scalesOfRow()));
    }
}
