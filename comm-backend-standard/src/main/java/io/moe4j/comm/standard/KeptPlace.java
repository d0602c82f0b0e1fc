package io.moe4j.comm.standard;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Memory for the rows of one dispatch that keeps them.
 *
 * @param rows_RD with their scales, if they have any
 * @param weights_R the scalars that arrive with them
 */
record KeptPlace(Tensor rows_RD, Tensor weights_R) {

    static KeptPlace open(Device device, Resources resources, CommConfig config, long capacity) {
        Memory memory = resources.add(device.allocate(bytes(config, capacity), "kept expert rows"));
        long scalesAt = aligned(Tensor.bytes(config.rowType(), capacity, config.dim()));
        long weightsAt = scalesAt + aligned(Tensor.bytes(DType.F32, capacity, config.scalesOfRow()));
        Optional<Scales> scales = config.rowType().isScaled()
                ? Optional.of(Scales.ofRows(Tensor.of(memory, scalesAt, DType.F32, capacity, config.scalesOfRow())))
                : Optional.empty();
        return new KeptPlace(Tensor.of(memory, 0, config.rowType(), capacity, config.dim()).withScales(scales),
                Tensor.of(memory, weightsAt, DType.F32, capacity));
    }

    /** Rows, their scales, their scalars, each from an aligned address on. */
    static long bytes(CommConfig config, long capacity) {
        return aligned(Tensor.bytes(config.rowType(), capacity, config.dim()))
                + aligned(Tensor.bytes(DType.F32, capacity, config.scalesOfRow()))
                + aligned(Tensor.bytes(DType.F32, capacity));
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, MemoryStack.ALIGNMENT) * MemoryStack.ALIGNMENT;
    }
}
