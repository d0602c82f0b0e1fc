package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.checkpoint.store.ProcessFiles;
import io.moe4j.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Writes one part of the state of this JVM's ranks into one file. Ranks write at the same time, each the data that it holds. */
final class PartWriter {
    private final ShardKind part;
    private final DType dtype;
    private final SafetensorsWriter writer;
    private final Map<String, List<NamedRange>> entries = new TreeMap<>();

    /**
     * Begins the file.
     *
     * @param ranks the ranks that write
     * @param files the files of this process
     */
    PartWriter(ShardKind part, Collection<RankLayout> ranks, ProcessFiles files) throws IOException {
        this.part = part;
        dtype = part.dtype(ranks.iterator().next());
        for (RankLayout rank : ranks) {
            NameMap names = new NameMap(rank.model());
            rank.shards().forEach(shard -> part.ranges(names, shard)
                    .forEach(range -> entries.computeIfAbsent(range.name(), ignored -> new ArrayList<>()).add(range)));
        }
        entries.replaceAll((name, ranges) -> joined(ranges));
        List<SafetensorsWriter.Declaration> declared = new ArrayList<>();
        entries.values().forEach(ranges -> ranges.forEach(range -> declared.add(declaration(range, dtype))));
        if (part == ShardKind.MODEL) {
            ranks.stream().filter(RankLayout::writesBuffers).forEach(rank -> rank.model().buffers().forEach(
                    (name, tensor) -> declared
                            .add(new SafetensorsWriter.Declaration(name, tensor.dtype(), tensor.shape()))));
        }
        writer = files.create(part.role(), declared);
    }

    /** Writes the data that one rank holds. */
    void write(StateBytes state) {
        state.read(part, this::write);
        if (part == ShardKind.MODEL && state.layout().writesBuffers()) {
            state.readBuffers((name, bytes) -> writer.write(name, 0, bytes));
        }
    }

    private void write(NamedRange range, MemorySegment bytes) {
        NamedRange entry = entries.getOrDefault(range.name(), List.of()).stream()
                .filter(each -> each.from() <= range.from() && range.to() <= each.to()).findFirst().orElseThrow();
        if (part == ShardKind.MODEL) {
            requireFinite(range, bytes);
        }
        writer.write(entry.entryName(), range.from() - entry.from(), bytes);
    }

    /** Refuses NaN and infinity: a run cannot continue from such values, so this checkpoint must not replace an earlier one. */
    private void requireFinite(NamedRange range, MemorySegment bytes) {
        OptionalLong broken = StoredNumbers.firstNonFinite(bytes, dtype);
        if (broken.isPresent()) {
            float[] value = new float[1];
            StoredNumbers.decode(bytes, broken.getAsLong(), dtype, value, 0, 1);
            throw new NonFiniteStateException(range.name(), range.from() + broken.getAsLong(), value[0]);
        }
    }

    private static SafetensorsWriter.Declaration declaration(NamedRange range, DType dtype) {
        return new SafetensorsWriter.Declaration(range.entryName(), dtype,
                range.count() == range.whole() ? range.shape() : List.of(range.count()));
    }

    /** Joins consecutive ranges. */
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
