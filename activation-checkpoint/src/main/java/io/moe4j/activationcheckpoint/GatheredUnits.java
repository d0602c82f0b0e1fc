package io.moe4j.activationcheckpoint;

import io.moe4j.autograd.Segment;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayDeque;
import java.util.Deque;

/** All units of a segment, gathered. */
final class GatheredUnits implements AutoCloseable {
    private final Deque<ParameterUnit.Gathered> open = new ArrayDeque<>();

    GatheredUnits(Segment segment) {
        segment.units().forEach(unit -> open.push(unit.gather()));
    }

    /** Makes these the parameters' values again: another microbatch may have gathered the same units since then. */
    void bind() {
        open.forEach(ParameterUnit.Gathered::bind);
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
