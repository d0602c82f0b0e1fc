package io.moe4j.trainer.update;

import io.moe4j.api.tensor.Tensor;

/**
 * A part of a shard whose moments are on the device.
 *
 * @param stretch its elements, and their rule
 * @param firstMoment theirs
 * @param secondMoment theirs; without elements if the rule has none
 */
record UpdatePart(Stretch stretch, Tensor firstMoment, Tensor secondMoment) {

    Tensor parameters(UnitUpdate update) {
        return update.unit().shard().slice(0, stretch.from(), stretch.to());
    }

    Tensor gradients(UnitUpdate update) {
        return update.unit().gradientShard().slice(0, stretch.from(), stretch.to());
    }
}
