package io.moe4j.trainer.config;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How people write the two element types that weights are trained in: {@code bfloat16} or {@code bf16}, {@code float32}, {@code fp32} or {@code f32}.
 * The configuration and all options of commands read the same names.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class WeightTypes {
    static final List<DType> ALL = List.of(DType.F32, DType.BF16);

    private WeightTypes() {}

    /** The type of this name, in upper or lower case; empty if no weights have it. */
    public static Optional<DType> named(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "float32", "fp32", "f32" -> Optional.of(DType.F32);
            case "bfloat16", "bf16" -> Optional.of(DType.BF16);
            default -> Optional.empty();
        };
    }

    /**
     * The type of this name, in upper or lower case.
     *
     * @param option the name of the option, for the message
     * @throws InputException if no weights have it
     */
    public static DType of(String option, String name) {
        return named(name).orElseThrow(() -> new InputException(
                option + " " + Shown.of(name) + ": it must be bf16 (bfloat16) or fp32 (float32)"));
    }
}
