package io.moe4j.layers.decoder;

import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Several gathered units; their values are available until this is closed. */
record Gathering(Deque<ParameterUnit.Gathered> gathered) implements AutoCloseable {

    static Gathering of(List<ParameterUnit> units) {
        Gathering gathering = new Gathering(new ArrayDeque<>());
        units.forEach(unit -> gathering.gathered.push(unit.gather()));
        return gathering;
    }

    @Override
    public void close() {
        gathered.forEach(ParameterUnit.Gathered::close);
        gathered.clear();
    }
}
