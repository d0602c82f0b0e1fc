package io.moe4j.trainer.checkpoint;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Sets the weights of an open model, on each rank the part that it holds. */
public final class WeightTransfer {

    private WeightTransfer() {}

    /** Gives elements of tensors. Called from several threads at once. */
    @FunctionalInterface
    public interface Source {
        /** Reads elements of a tensor into {@code into}, from {@code offset}. */
        void read(NamedRange range, float[] into, int offset);
    }

    /**
     * Sets all parameters but those of low-rank updates, and the buffers that the source has. Called by the rank's thread; waits for its stream.
     *
     * @param buffers the names of the buffers that the source has; the others are not changed
     */
    public static void fill(RankContext rank, Model model, Source source, Predicate<String> buffers) {
        NameMap names = new NameMap(model);
        units(model, false).forEach(unit -> unit.write(unit.shard(),
                (parameter, from, into, count) -> names.cut(parameter, from, count,
                        (range, offset) -> source.read(range, into, offset))));
        model.buffers().forEach((name, tensor) -> {
            if (buffers.test(name)) {
                fillBuffer(rank, name, tensor, source);
            }
        });
        rank.stream().synchronize();
    }

    /** Sets the parameters of low-rank updates. Called by the rank's thread; waits for its stream. */
    public static void fillAdapters(RankContext rank, Model model, Source source) {
        NameMap names = new NameMap(model);
        units(model, true).forEach(unit -> unit.write(unit.shard(),
                (parameter, from, into, count) -> names.cut(parameter, from, count,
                        (range, offset) -> source.read(range, into, offset))));
        rank.stream().synchronize();
    }

    /** The units of low-rank updates, or all others. */
    private static List<ParameterUnit> units(Model model, boolean adapters) {
        Set<Parameter> updates = Collections.newSetFromMap(new IdentityHashMap<>());
        model.adapterNames().values().forEach(slice -> updates.add(slice.parameter()));
        return model.units().stream().filter(unit -> updates.containsAll(unit.parameters()) == adapters).toList();
    }

    private static void fillBuffer(RankContext rank, String name, Tensor tensor, Source source) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        source.read(new NamedRange(name, tensor.shape(), 0, tensor.elements()), values, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 16);
            StoredNumbers.encode(values, 0, values.length, tensor.dtype(), host);
            rank.stream().upload(host, tensor);
            rank.stream().synchronize();
        }
    }
}
