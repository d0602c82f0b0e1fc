package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The matrices of a unit that products read in a type with scales, one scale for each block of 128 × 128. A unit that this rank holds whole has memory for
 * them, which is filled once a step. A unit that is spread fills temporaries at each gathering; otherwise each rank would have to keep the numbers of all
 * shards.
 *
 * @param unit its name
 * @param tensors numbers and scales of each matrix
 * @param memory that they lie in; absent for temporaries
 */
record ScaledMatrices(String unit, Map<Parameter, ScaledMatrix> tensors, Optional<Memory> memory) {
    private static final String PURPOSE = "quantized parameters";

    /** The matrices that a whole unit keeps; empty if none of its parameters has a type with scales. */
    static Optional<ScaledMatrices> keep(String unit, List<Parameter> parameters, RankContext rank) {
        long bytes = parameters.stream().filter(ScaledMatrices::has).mapToLong(ScaledMatrix::bytes).sum();
        if (bytes == 0) {
            return Optional.empty();
        }
        Memory memory = rank.device().allocate(bytes, PURPOSE);
        Map<Parameter, ScaledMatrix> tensors = new LinkedHashMap<>();
        Places places = new Places(memory);
        parameters.stream().filter(ScaledMatrices::has)
                .forEach(parameter -> tensors.put(parameter, ScaledMatrix.allocate(parameter, places::next)));
        return Optional.of(new ScaledMatrices(unit, tensors, Optional.of(memory)));
    }

    /** Temporaries of the innermost open scope. */
    static ScaledMatrices allocate(String unit, List<Parameter> parameters, MemoryStack stack) {
        Map<Parameter, ScaledMatrix> tensors = new LinkedHashMap<>();
        parameters.stream().filter(ScaledMatrices::has).forEach(parameter -> tensors.put(parameter,
                ScaledMatrix.allocate(parameter, (type, shape) -> stack.allocate(PURPOSE, type, shape))));
        return new ScaledMatrices(unit, tensors, Optional.empty());
    }

    static boolean has(Parameter parameter) {
        return parameter.scaledType().isPresent();
    }

    /** Enqueues filling them. */
    void fill(RankContext rank, Function<Parameter, Tensor> values) {
        if (tensors.isEmpty()) {
            return;
        }
        ScalingOps scaling = rank.device().ops().scaling().orElseThrow(() -> new IllegalStateException(
                "unit " + unit + " has matrices that are multiplied in a type with scales, and "
                        + rank.device().description() + " computes no scales; ask DeviceOps.supports first"));
        tensors.forEach((parameter, scaled) -> scaling.quantizeEach(rank.stream(), values.apply(parameter),
                List.of(scaled.byRows(), scaled.byColumns())));
    }

    void close() {
        memory.ifPresent(Memory::close);
    }

    /** Consecutive tensors of a memory. */
    private static final class Places {
        private final Memory memory;
        private long next;

        Places(Memory memory) {
            this.memory = memory;
        }

        Tensor next(DType type, long... shape) {
            Tensor tensor = Tensor.of(memory, next, type, shape);
            next += MemoryStack.aligned(tensor.bytes());
            return tensor;
        }
    }
}
