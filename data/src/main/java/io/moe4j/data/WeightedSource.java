package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * A source of a mixture.
 *
 * @param sequences its sequences
 * @param weight its share of the sequences, in proportion to the weights of the others; above 0
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record WeightedSource(SequenceSource sequences, double weight) {
    public WeightedSource {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("the source " + sequences.name() + " has the weight " + weight
                    + "; weights must be above 0 and finite");
        }
    }
}
