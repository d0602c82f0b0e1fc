package io.moe4j.trainer.update;

import io.moe4j.api.ops.Rounding;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.ParameterRounding;

/**
 * How updated parameters are rounded.
 *
 * @param kind to the nearest, or stochastically
 * @param seed of stochastic rounding
 */
record ParameterRoundings(ParameterRounding kind, long seed) {

    /** Takes elements of a stretch that are rounded in one way. */
    @FunctionalInterface
    interface Visitor {
        /** Elements {@code from} to {@code to}, counted from the start of the stretch. */
        void visit(long from, long to, Rounding rounding);
    }

    /** Divides a stretch. The bits that are drawn depend on the parameter and the step only, not on shards. */
    void forEach(ParameterUnit unit, Stretch stretch, long step, Visitor visitor) {
        switch (kind) {
            case NEAREST -> visitor.visit(0, stretch.elements(), Rounding.nearest());
            case STOCHASTIC -> unit.forEachPiece(stretch.from(), stretch.to(),
                    (parameter, from, fromInShard, count) -> visitor.visit(fromInShard - stretch.from(),
                            fromInShard - stretch.from() + count, Rounding.Stochastic.of(seed, parameter.name(), step,
                                    parameter.firstIndex() + from)));
        }
    }
}
