package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.checkpoint.store.ProcessFiles;
import io.moe4j.safetensors.SafetensorsWriter;
import io.moe4j.trainer.step.Optimizer.Part;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes one part of the state of this JVM's ranks into one file. Ranks write at the same time, each what it holds. */
final class PartWriter {
    private final ShardKind part;
    private final DType dtype;
    private final SafetensorsWriter writer;
    private final Map<String, List<NamedRange>> entries = new TreeMap<>();

    /**
     * Begins the file.
     *
     * @param states the ranks that write
     * @param files where it goes
     */
    PartWriter(ShardKind part, Collection<RankState> states, ProcessFiles files) throws IOException {
        this.part = part;
        dtype = part.dtype(states.iterator().next());
        for (RankState state : states) {
            NameMap names = new NameMap(state.model());
            state.optimizer().shards().forEach(shard -> part.ranges(names, shard)
                    .forEach(range -> entries.computeIfAbsent(range.name(), ignored -> new ArrayList<>()).add(range)));
        }
        entries.replaceAll((name, ranges) -> joined(ranges));
        List<SafetensorsWriter.Declaration> declared = new ArrayList<>();
        entries.values().forEach(ranges -> ranges.forEach(range -> declared.add(declaration(range, dtype))));
        if (part == ShardKind.MODEL) {
            states.stream().filter(PartWriter::writesBuffers).forEach(state -> state.model().buffers().forEach(
                    (name, tensor) -> declared
                            .add(new SafetensorsWriter.Declaration(name, tensor.dtype(), tensor.shape()))));
        }
        writer = files.create(part.role(), declared);
    }

    /** Writes what one rank holds; called by its thread. */
    void write(RankState state) {
        NameMap names = new NameMap(state.model());
        for (Shard shard : state.optimizer().shards()) {
            for (Part held : part.of(shard)) {
                shard.unit().read(held.tensor(), held.from(), (parameter, from, values, count) -> names.cut(parameter,
                        from, count, (range, offset) -> write(range, values, offset)));
            }
        }
        if (part == ShardKind.MODEL && writesBuffers(state)) {
            state.model().buffers().forEach((name, tensor) -> writeBuffer(state, name, tensor));
        }
    }

    /** Buffers are the same on every rank. */
    private static boolean writesBuffers(RankState state) {
        return state.rank().rank() == 0;
    }

    private void write(NamedRange range, float[] values, int offset) {
        NamedRange entry = entries.getOrDefault(range.name(), List.of()).stream()
                .filter(each -> each.from() <= range.from() && range.to() <= each.to()).findFirst().orElseThrow();
        int count = Math.toIntExact(range.count());
        if (part == ShardKind.MODEL) {
            requireFinite(range, values, offset, count);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate((long) count * dtype.bytes(), 16);
            StoredNumbers.encode(values, offset, count, dtype, bytes);
            writer.write(entry.entryName(), range.from() - entry.from(), bytes);
        }
    }

    /** A run cannot go on from such values, and the checkpoints before are worth more. */
    private static void requireFinite(NamedRange range, float[] values, int offset, int count) {
        for (int i = offset; i < offset + count; i++) {
            if (!Float.isFinite(values[i])) {
                throw new NonFiniteStateException(range.name(), range.from() + i - offset, values[i]);
            }
        }
    }

    private void writeBuffer(RankState state, String name, Tensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 16);
            state.rank().stream().download(tensor, host);
            writer.write(name, 0, host);
        }
    }

    private static SafetensorsWriter.Declaration declaration(NamedRange range, DType dtype) {
        return new SafetensorsWriter.Declaration(range.entryName(), dtype,
                range.count() == range.whole() ? range.shape() : List.of(range.count()));
    }

    /** Ranges that follow each other, as one. */
    private static List<NamedRange> joined(List<NamedRange> ranges) {
        List<NamedRange> sorted = ranges.stream().sorted(Comparator.comparingLong(NamedRange::from)).toList();
        List<NamedRange> joined = new ArrayList<>();
        for (NamedRange range : sorted) {
            NamedRange last = joined.isEmpty() ? null : joined.getLast();
            if (last != null && last.to() == range.from()) {
                joined.set(joined.size() - 1,
                        new NamedRange(last.name(), last.shape(), last.from(), last.count() + range.count()));
            } else {
                joined.add(range);
            }
        }
        return joined;
    }
}
