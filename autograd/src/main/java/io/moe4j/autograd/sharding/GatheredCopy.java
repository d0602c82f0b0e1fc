package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Memory for the gathered values, and the quantized matrices, of one unit that is spread over several ranks. The first gathering of a step fills it; later
 * ones read it until the values change. Used by the rank's thread only.
 */
final class GatheredCopy implements AutoCloseable {
    private final Memory memory;
    private final Tensor flat;
    private final Optional<ScaledMatrices> matrices;
    private boolean hasValues;
    private boolean hasMatrices;

    private GatheredCopy(Memory memory, Tensor flat, Optional<ScaledMatrices> matrices) {
        this.memory = memory;
        this.flat = flat;
        this.matrices = matrices;
    }

    static GatheredCopy open(String unit, FlatLayout layout, DType type, RankContext rank) {
        Memory memory = rank.device().allocate(layout.elements() * type.bytes(), "parameters that stay gathered");
        try {
            return new GatheredCopy(memory, Tensor.of(memory, 0, type, layout.elements()),
                    ScaledMatrices.keep(unit, layout.parameters(), rank));
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    /** All values (n), of all shards. */
    Tensor flat() {
        return flat;
    }

    /** Bytes of the values and of the quantized matrices. */
    long bytes() {
        return memory.bytes() + matrices.flatMap(ScaledMatrices::memory).map(Memory::bytes).orElse(0L);
    }

    boolean hasValues() {
        return hasValues;
    }

    /** Notes that the values are present, or that the work that fills them has been enqueued. */
    void markValues() {
        hasValues = true;
    }

    /** The quantized matrices, if the unit has any; {@code fill} enqueues their quantization, unless this was done since the values changed. */
    Optional<ScaledMatrices> matrices(Consumer<ScaledMatrices> fill) {
        if (!hasMatrices) {
            matrices.ifPresent(fill);
            hasMatrices = true;
        }
        return matrices;
    }

    /** Notes that the values of the shards may have changed. */
    void outdate() {
        hasValues = false;
        hasMatrices = false;
    }

    @Override
    public void close() {
        matrices.ifPresent(ScaledMatrices::close);
        memory.close();
    }
}
