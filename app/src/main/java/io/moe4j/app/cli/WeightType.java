package io.moe4j.app.cli;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.config.WeightTypes;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an element type of weights: {@code bf16} or {@code bfloat16}, {@code fp32} or {@code float32}. */
final class WeightType implements ITypeConverter<DType> {

    @Override
    public DType convert(String value) {
        return WeightTypes.named(value).orElseThrow(() -> new TypeConversionException(
                "\"" + value + "\" is not one of " + WeightTypes.NAMES + " (short: fp32, bf16)"));
    }
}
