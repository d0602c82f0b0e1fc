package io.moe4j.trainer.checkpoint;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Memory;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.step.Optimizer.Part;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A copy of a rank's state in the host's memory, from which a checkpoint is written while later steps change the state. Its memory is allocated once, for the
 * whole run: the bytes of the rank's parameters and moments, in their own types, and on rank 0 of the model's buffers. Example: 1 billion parameters in
 * single precision, on four ranks with AdamW: 4 bytes and twice 4 bytes for each of 250 million, 3 GB for each rank.
 *
 * <p>Between {@link #take} and the end of the writing, nothing else writes to it.
 */
public final class HostCopy implements AutoCloseable, StateBytes {
    /** Name of this memory in reports. */
    public static final String PURPOSE = "checkpoint being saved";

    /** How many elements are handed on at once. */
    private static final long BLOCK = 1 << 22;

    private final RankState state;
    private final RankLayout layout;
    private final Memory memory;
    private final Map<ShardKind, List<Copied>> parts = new EnumMap<>(ShardKind.class);
    private final Map<String, Copied> buffers = new TreeMap<>();
    private long end;

    /** A tensor and its copy, which begins at byte {@code at}. */
    private record Copied(Tensor source, Tensor copy, long at) {}

    /**
     * The bytes of memory that a copy takes.
     *
     * @param state the rank's state
     */
    public static long bytes(RankState state) {
        RankLayout layout = RankLayout.of(state);
        long bytes = 0;
        if (!state.firstReplica()) {
            return bytes;
        }
        for (ShardKind kind : ShardKind.values()) {
            for (Part part : parts(layout, kind)) {
                bytes = MemoryStack.aligned(bytes) + part.tensor().bytes();
            }
        }
        if (layout.writesBuffers()) {
            for (Tensor buffer : state.model().buffers().values()) {
                bytes = MemoryStack.aligned(bytes) + buffer.bytes();
            }
        }
        return bytes;
    }

    /**
     * Allocates the memory for a copy.
     *
     * @throws io.moe4j.api.device.DeviceException if there is not enough
     */
    public static HostCopy open(RankState state) {
        Device device = state.rank().device();
        Memory memory = device.allocateHost(bytes(state), PURPOSE);
        if (device.kind().equals(DeviceKind.CPU)) {
            // Write to it now, so that the operating system assigns the pages here, and not during the first checkpoint, while a step waits.
            device.hostBytes(memory).fill((byte) 0);
        }
        return new HostCopy(state, memory);
    }

    private HostCopy(RankState state, Memory memory) {
        this.state = state;
        this.memory = memory;
        layout = RankLayout.of(state);
        for (ShardKind kind : ShardKind.values()) {
            parts.put(kind, !writes() ? List.of()
                    : parts(layout, kind).stream().map(part -> place(part.tensor())).toList());
        }
        if (writes() && layout.writesBuffers()) {
            state.model().buffers().forEach((name, tensor) -> buffers.put(name, place(tensor)));
        }
    }

    private Copied place(Tensor source) {
        long at = MemoryStack.aligned(end);
        end = at + source.bytes();
        return new Copied(source, Tensor.of(memory, at, source.dtype(), source.elements())
                .view(source.shape().stream().mapToLong(Long::longValue).toArray()), at);
    }

    /** Whether the rank holds data that no rank before it holds, so that it writes; the copies of other ranks are empty. */
    public boolean writes() {
        return state.firstReplica();
    }

    /** Copies the state as it is after the last step; returns when the state may change again. Called by the rank's thread. */
    public void take() {
        // This call moves moments that are elsewhere during a step back to the places that the shards report.
        List<Shard> settled = state.optimizer().shards();
        if (settled.size() != layout.shards().size()) {
            throw new IllegalStateException("the optimizer has " + settled.size() + " units, and had "
                    + layout.shards().size());
        }
        List<Copied> all = new ArrayList<>(buffers.values());
        parts.values().forEach(all::addAll);
        all.stream().filter(each -> each.source.elements() > 0)
                .forEach(each -> state.rank().stream().copy(each.source, each.copy));
        if (writes()) {
            state.rank().stream().synchronize();
        }
    }

    @Override
    public RankLayout layout() {
        return layout;
    }

    @Override
    public void read(ShardKind kind, RangeSink sink) {
        NameMap names = new NameMap(layout.model());
        MemorySegment bytes = state.rank().device().hostBytes(memory);
        DType dtype = kind.dtype(layout);
        List<Copied> copies = parts.getOrDefault(kind, List.of());
        int next = 0;
        for (Shard shard : layout.shards()) {
            for (Part part : kind.of(shard)) {
                Copied copied = copies.get(next++);
                long last = part.from() + part.tensor().elements();
                shard.unit().forEachPiece(part.from(), last, (parameter, from, fromInShard, count) -> {
                    for (long done = 0; done < count; done += BLOCK) {
                        long first = copied.at + (fromInShard - part.from() + done) * dtype.bytes();
                        names.cut(parameter, from + done, (int) Math.min(BLOCK, count - done),
                                (range, offset) -> sink.accept(range, StoredNumbers.littleEndian(
                                        bytes.asSlice(first + (long) offset * dtype.bytes(),
                                                range.count() * dtype.bytes()),
                                        dtype)));
                    }
                });
            }
        }
    }

    @Override
    public void readBuffers(BufferSink sink) {
        MemorySegment bytes = state.rank().device().hostBytes(memory);
        buffers.forEach((name, copied) -> sink.accept(name, StoredNumbers.littleEndian(
                bytes.asSlice(copied.at, copied.source.bytes()), copied.source.dtype())));
    }

    @Override
    public void close() {
        memory.close();
    }

    private static List<Part> parts(RankLayout layout, ShardKind kind) {
        return layout.shards().stream().flatMap(shard -> kind.of(shard).stream()).toList();
    }
}
