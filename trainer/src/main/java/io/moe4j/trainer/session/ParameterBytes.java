package io.moe4j.trainer.session;

import io.moe4j.api.Stability;

/**
 * Bytes of the copies of parameters that a rank keeps in addition to those that the optimizer updates.
 *
 * @param converted bytes of units that the rank holds whole, converted to the compute type
 * @param gathered bytes of units that are spread over ranks, gathered from the first use in a step to its end
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ParameterBytes(long converted, long gathered) {
    /** No parameters. */
    public static final ParameterBytes NONE = new ParameterBytes(0, 0);

    /** Both together. */
    public long total() {
        return converted + gathered;
    }

    ParameterBytes plus(ParameterBytes other) {
        return new ParameterBytes(converted + other.converted, gathered + other.gathered);
    }
}
