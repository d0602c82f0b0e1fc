package io.moe4j.autograd.recompute;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Segment;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/**
 * How a segment runs so that its gradient can be computed later. Stateless.
 *
 * @since 0.1.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface RecomputePolicy {

    /**
     * Runs {@code segment}: gathers its units, applies it, and records on {@code tape}, which must be a recording tape, what backward needs; backward
     * also reduces the units' gradients.
     */
    Variable run(Tape tape, Segment segment, Variable x);
}
