package io.moe4j.trainer.update;

import io.moe4j.api.ops.Rounding;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.ParameterRounding;

/**
 * How updated parameters are rounded.
 *
 * @param kind to the nearest, or stochastically
 * @param seed seed of stochastic rounding
 */
record ParameterRoundings(ParameterRounding kind, long seed) {

    /** Receives consecutive elements of a stretch that are rounded in the same way. */
    @FunctionalInterface
    interface Visitor {
        /** Receives elements {@code from} to {@code to}, counted from the start of the stretch. */
        void visit(long from, long to, Rounding rounding);
    }

    /** Divides a stretch. The random bits depend only on the parameter and the step, and not on how it is sharded. */
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
