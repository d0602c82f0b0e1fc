package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.List;

/**
 * A part of a model that is recomputed as a whole, such as a transformer block. Its output has the shape and type of its input. {@link #forward} is
 * called while the segment's units are gathered, and may be called again with a deferred tape.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Segment {

    /** Name, such as {@code "layers.3"}. */
    String name();

    /** The units whose parameters it uses. */
    List<ParameterUnit> units();

    /** Applies it. */
    Variable forward(Tape tape, Variable x);
}
