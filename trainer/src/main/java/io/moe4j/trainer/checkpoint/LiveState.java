package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.step.Optimizer.Part;
import io.moe4j.trainer.step.Optimizer.Shard;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The values of a rank, read from its device block by block. Used by the rank's thread, between two steps. */
final class LiveState implements StateBytes {
    private final RankState state;
    private final RankLayout layout;

    LiveState(RankState state) {
        this.state = state;
        layout = RankLayout.of(state);
    }

    @Override
    public RankLayout layout() {
        return layout;
    }

    @Override
    public void read(ShardKind kind, RangeSink sink) {
        NameMap names = new NameMap(state.model());
        DType dtype = kind.dtype(layout);
        for (Shard shard : state.optimizer().shards()) {
            for (Part held : kind.of(shard)) {
                shard.unit().read(held.tensor(), held.from(), (parameter, from, values, count) -> names.cut(parameter,
                        from, count, (range, offset) -> encoded(range, values, offset, dtype, sink)));
            }
        }
    }

    @Override
    public void readBuffers(BufferSink sink) {
        state.model().buffers().forEach((name, tensor) -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(tensor.bytes(), 16);
                state.rank().stream().download(tensor, host);
                sink.accept(name, host);
            }
        });
    }

    private static void encoded(NamedRange range, float[] values, int offset, DType dtype, RangeSink sink) {
        int count = Math.toIntExact(range.count());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate((long) count * dtype.bytes(), 16);
            StoredNumbers.encode(values, offset, count, dtype, bytes);
            sink.accept(range, bytes);
        }
    }
}
