package io.moe4j.trainer.checkpoint;

import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;

/** Maps a rank's parameters to the checkpoint's tensors of which they consist. */
public final class NameMap {
    private final IdentityHashMap<Parameter, List<Slice>> slices = new IdentityHashMap<>();

    private record Slice(String name, List<Long> shape, long from, long count) {}

    /** Receives a part of a parameter that lies in one checkpoint tensor. */
    @FunctionalInterface
    public interface RangeVisitor {
        /**
         * Receives one part.
         *
         * @param range the part, as elements of the checkpoint tensor
         * @param offset index of its first element, counted from the start of the requested part of the parameter
         */
        void visit(NamedRange range, int offset);
    }

    public NameMap(Model model) {
        model.checkpointNames().forEach(this::add);
        model.adapterNames().forEach(this::add);
        slices.values().forEach(list -> list.sort(Comparator.comparingLong(Slice::from)));
    }

    private void add(String name, ParameterSlice slice) {
        slices.computeIfAbsent(slice.parameter(), ignored -> new ArrayList<>())
                .add(new Slice(name, slice.shape(), slice.from(), slice.elements()));
    }

    /** The parts of checkpoint tensors that make up elements {@code first} to {@code last} of a unit's shard. */
    List<NamedRange> ranges(ParameterUnit unit, long first, long last) {
        List<NamedRange> ranges = new ArrayList<>();
        unit.forEachPiece(first, last, (parameter, from, fromInShard, count) -> of(parameter).forEach(slice -> {
            long low = Math.max(from, slice.from);
            long high = Math.min(from + count, slice.from + slice.count);
            if (low < high) {
                ranges.add(new NamedRange(slice.name, slice.shape, low - slice.from, high - low));
            }
        }));
        return ranges;
    }

    /** Divides elements {@code from} and following of a parameter into parts of checkpoint tensors. */
    public void cut(Parameter parameter, long from, int count, RangeVisitor visitor) {
        for (Slice slice : of(parameter)) {
            long low = Math.max(from, slice.from);
            long high = Math.min(from + count, slice.from + slice.count);
            if (low < high) {
                visitor.visit(new NamedRange(slice.name, slice.shape, low - slice.from, high - low),
                        Math.toIntExact(low - from));
            }
        }
    }

    private List<Slice> of(Parameter parameter) {
        List<Slice> found = slices.get(parameter);
        if (found == null) {
            throw new IllegalStateException("parameter " + parameter
                    + " has no checkpoint name; the model's checkpointNames() and adapterNames() must cover all of its parameters");
        }
        return found;
    }
}
