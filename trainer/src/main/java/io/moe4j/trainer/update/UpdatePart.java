package io.moe4j.trainer.update;

import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * A part of a shard whose moments are on the device.
 *
 * @param stretch its elements, and their rule
 * @param firstMoment first moments of these elements
 * @param secondMoment second moments of these elements; has no elements if the rule keeps none
 */
record UpdatePart(Stretch stretch, Tensor firstMoment, Tensor secondMoment) {

    Tensor parameters(UnitUpdate update) {
        return update.unit().shard().slice(0, stretch.from(), stretch.to());
    }

    /** The values in the compute type, if the unit keeps them. */
    Optional<Tensor> converted(UnitUpdate update) {
        return update.unit().convertedShard().map(all -> all.slice(0, stretch.from(), stretch.to()));
    }

    Tensor gradients(UnitUpdate update) {
        return update.unit().gradientShard().slice(0, stretch.from(), stretch.to());
    }
}
