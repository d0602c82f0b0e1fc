package io.moe4j.trainer.checkpoint;

import io.moe4j.api.InputException;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import io.moe4j.trainer.checkpoint.store.Progress;
import io.moe4j.trainer.checkpoint.store.StoredCheckpoint;
import io.moe4j.trainer.step.Optimizer.Part;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** A checkpoint to continue, written by any number of ranks. Ranks load at the same time, each the part that it holds. */
public final class CheckpointLoad implements AutoCloseable {
    private final StoredCheckpoint stored;
    private final List<Path> damaged;
    private final Map<ShardKind, PartReader> readers = new EnumMap<>(ShardKind.class);

    /**
     * Opens a checkpoint.
     *
     * @param choice the checkpoint, which is whole
     * @throws InputException if a file does not have the format of a checkpoint
     */
    public CheckpointLoad(CheckpointChoice choice) {
        stored = choice.checkpoint();
        damaged = choice.damaged();
        try {
            for (ShardKind part : ShardKind.values()) {
                readers.put(part, new PartReader(folder(), part, stored.tensors(part.role())));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The checkpoint's folder. */
    public Path folder() {
        return stored.folder();
    }

    /** The progress of the run when it was saved. */
    public Progress progress() {
        return stored.progress();
    }

    /** Newer checkpoints that were skipped because they are damaged. */
    public List<Path> damaged() {
        return damaged;
    }

    /** Whether it has digests, without which damage is not detected. */
    public boolean isDigested() {
        return stored.isDigested();
    }

    /** Loads the part that one rank holds; called by its thread. */
    public void run(RankState state) {
        NameMap names = new NameMap(state.model());
        readers.forEach((part, reader) -> {
            reader.checkNone(without(part, state, names));
            state.optimizer().shards().forEach(shard -> reader.check(part.ranges(names, shard)));
            state.optimizer().shards().forEach(shard -> load(part, reader, names, shard));
        });
        PartReader model = readers.get(ShardKind.MODEL);
        if (model != null) {
            state.model().buffers().forEach((name, tensor) -> loadBuffer(state, model, name, tensor));
        }
        state.rank().stream().synchronize();
    }

    /** The parameters of the rank that have no tensor of this kind: with Muon, matrices have no second moments. */
    private static Set<String> without(ShardKind part, RankState state, NameMap names) {
        Set<String> found = new TreeSet<>();
        for (Shard shard : state.optimizer().shards()) {
            ShardKind.MODEL.ranges(names, shard).forEach(range -> found.add(range.name()));
            part.ranges(names, shard).forEach(range -> found.remove(range.name()));
        }
        return found;
    }

    @Override
    public void close() {
        readers.values().forEach(PartReader::close);
        readers.clear();
    }

    private static void load(ShardKind part, PartReader reader, NameMap names, Shard shard) {
        for (Part held : part.of(shard)) {
            shard.unit().write(held.tensor(), held.from(), (parameter, from, into, count) -> names.cut(parameter, from,
                    count, (range, offset) -> reader.read(range, into, offset)));
        }
    }

    private static void loadBuffer(RankState state, PartReader reader, String name, Tensor tensor) {
        NamedRange whole = new NamedRange(name, tensor.shape(), 0, tensor.elements());
        float[] values = new float[Math.toIntExact(tensor.elements())];
        reader.check(List.of(whole));
        reader.read(whole, values, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 16);
            StoredNumbers.encode(values, 0, values.length, tensor.dtype(), host);
            state.rank().stream().upload(host, tensor);
        }
    }
}
