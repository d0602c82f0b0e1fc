package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The matrices of a unit that products read in a type with scales, one scale for each block of 128 × 128. A unit that this rank holds whole has memory for
 * them, which is filled once a step. A unit of shards fills temporaries each time that it is gathered, since otherwise each rank would have to keep the
 * numbers of all shards.
 *
 * @param unit its name
 * @param tensors of each matrix
 * @param memory that they lie in; absent for temporaries
 */
record ScaledMatrices(String unit, Map<Parameter, Tensor> tensors, Optional<Memory> memory) {
    private static final String PURPOSE = "quantized parameters";

    /** Those that a whole unit keeps; empty if products read none of its parameters so. */
    static Optional<ScaledMatrices> keep(String unit, List<Parameter> parameters, RankContext rank) {
        long bytes = parameters.stream().filter(ScaledMatrices::has).mapToLong(ScaledMatrices::bytes).sum();
        if (bytes == 0) {
            return Optional.empty();
        }
        Memory memory = rank.device().allocate(bytes, PURPOSE);
        Map<Parameter, Tensor> tensors = new LinkedHashMap<>();
        long next = 0;
        for (Parameter parameter : parameters) {
            if (has(parameter)) {
                tensors.put(parameter, place(memory, next, parameter));
                next += bytes(parameter);
            }
        }
        return Optional.of(new ScaledMatrices(unit, tensors, Optional.of(memory)));
    }

    /** Temporaries of the innermost open scope. */
    static ScaledMatrices allocate(String unit, List<Parameter> parameters, MemoryStack stack) {
        Map<Parameter, Tensor> tensors = new LinkedHashMap<>();
        parameters.stream().filter(ScaledMatrices::has).forEach(parameter -> {
            Tensor scales = stack.allocate(PURPOSE, DType.F32, Scales.shapeOfMatrices(parameter.shape()));
            tensors.put(parameter, stack.allocate(PURPOSE, type(parameter), parameter.shape())
                    .withScales(Optional.of(Scales.ofMatrices(scales))));
        });
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
        tensors.forEach((parameter, scaled) -> scaling.quantize(rank.stream(), values.apply(parameter), scaled));
    }

    void close() {
        memory.ifPresent(Memory::close);
    }

    private static DType type(Parameter parameter) {
        return parameter.scaledType().orElseThrow();
    }

    private static long bytes(Parameter parameter) {
        return scalesAt(parameter) + MemoryStack
                .aligned(Tensor.bytes(DType.F32, Scales.shapeOfMatrices(parameter.shape())));
    }

    private static long scalesAt(Parameter parameter) {
        return MemoryStack.aligned(Tensor.bytes(type(parameter), parameter.shape()));
    }

    private static Tensor place(Memory memory, long at, Parameter parameter) {
        Tensor scales = Tensor.of(memory, at + scalesAt(parameter), DType.F32,
                Scales.shapeOfMatrices(parameter.shape()));
        return Tensor.of(memory, at, type(parameter), parameter.shape())
                .withScales(Optional.of(Scales.ofMatrices(scales)));
    }
}
