package io.moe4j.trainer.config;

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
    /** The names that are shown, for messages. */
    public static final String NAMES = "float32, bfloat16";

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
}
