package io.moe4j.autograd.sharding;

import io.moe4j.api.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/**
 * Gathered values of a unit.
 *
 * @param values of each parameter, in the compute type
 * @param matrices what products read with scales
 * @param ahead the overlap that has gathered them; absent if they were gathered on the main stream
 */
record BoundValues(ParameterUnit unit, Map<Parameter, Tensor> values, Map<Parameter, ScaledMatrix> matrices,
        Optional<UnitOverlap> ahead) implements ParameterUnit.Gathered {

    @Override
    public void bind() {
        values.forEach(Parameter::bindValue);
        matrices.forEach((parameter, matrix) -> parameter.bindScaled(matrix.byRows(), matrix.byColumns()));
    }

    @Override
    public void close() {
        unit.parameters().forEach(parameter -> {
            parameter.bindValue(null);
            parameter.bindScaled(null, null);
        });
        ahead.ifPresent(overlap -> overlap.leave(unit));
    }
}
