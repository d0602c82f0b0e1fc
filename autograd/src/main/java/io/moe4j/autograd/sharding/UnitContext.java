package io.moe4j.autograd.sharding;

import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.trace.Spans;

/**
 * What the values and the gradients of a unit have in common.
 *
 * @param name the unit's name
 * @param rank the rank that holds a shard of it
 * @param group the ranks that hold the others
 * @param layout where its parameters lie
 */
record UnitContext(String name, RankContext rank, ShardGroup group, FlatLayout layout) {

    /** Memory for a shard. */
    Memory allocateShard(DType type, String purpose) {
        return rank.device().allocate(layout.shardElements() * type.bytes(), purpose);
    }

    /** All elements of a shard (n). */
    Tensor shard(Memory memory, DType type) {
        return Tensor.of(memory, 0, type, layout.shardElements());
    }

    /** The pieces of parameters that lie in this rank's shard. */
    ShardPieces pieces() {
        return new ShardPieces(stream(), layout.pieces(group.index()));
    }

    /** The main stream. */
    Stream stream() {
        return rank.stream();
    }

    /** Enqueues a collective operation, in a span. Spans are timed on the main stream, and therefore cover no work of another one. */
    void collective(Stream stream, String operation, Runnable work) {
        Spans spans = stream.equals(stream()) ? rank.spans() : Spans.none();
        try (Spans.Span span = spans.open("collectives", spans.isRecording() ? operation + " of " + name : "")) {
            work.run();
        }
    }
}
