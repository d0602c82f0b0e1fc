package io.moe4j.autograd.sharding;

import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * The numbers of a matrix, or of a stack of them, in a type with scales, stored twice with the same scales: devices sum over contiguous elements, and the
 * gradient with respect to the input sums along columns.
 *
 * @param byRows with contiguous rows
 * @param byColumns with contiguous columns
 */
record ScaledMatrix(Tensor byRows, Tensor byColumns) {

    /** Of the parameter's shape, in fresh memory. */
    static ScaledMatrix allocate(Parameter parameter, BiFunction<DType, long[], Tensor> memory) {
        DType type = parameter.scaledType().orElseThrow();
        long[] shape = parameter.shape();
        Optional<Scales> scales = Optional
                .of(Scales.ofMatrices(memory.apply(DType.F32, Scales.shapeOfMatrices(shape))));
        return new ScaledMatrix(memory.apply(type, shape).withScales(scales),
                turned(memory.apply(type, shape), shape).withScales(scales));
    }

    /** Bytes that {@link #allocate} asks for, where each tensor begins at an aligned address. */
    static long bytes(Parameter parameter) {
        long[] shape = parameter.shape();
        return 2 * MemoryStack.aligned(Tensor.bytes(parameter.scaledType().orElseThrow(), shape))
                + MemoryStack.aligned(Tensor.bytes(DType.F32, Scales.shapeOfMatrices(shape)));
    }

    private static Tensor turned(Tensor dense, long[] shape) {
        long[] strides = new long[shape.length];
        long matrix = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = matrix;
            matrix *= shape[d];
        }
        strides[shape.length - 2] = 1;
        strides[shape.length - 1] = shape[shape.length - 2];
        return dense.strided(shape, strides);
    }
}
