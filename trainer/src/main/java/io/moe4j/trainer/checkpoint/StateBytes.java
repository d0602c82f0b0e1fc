package io.moe4j.trainer.checkpoint;

import java.lang.foreign.MemorySegment;

/** The values of one rank, as the bytes that a checkpoint has of them: dense and little-endian. */
interface StateBytes {
    /** Names and sizes. */
    RankLayout layout();

    /** Gives all tensors of one part in blocks, each once, those of a unit from front to back. */
    void read(ShardKind kind, RangeSink sink);

    /** Gives the model's buffers. */
    void readBuffers(BufferSink sink);

    /** Takes elements of a checkpoint tensor. */
    @FunctionalInterface
    interface RangeSink {
        /** Takes them; the bytes may be reused after the call. */
        void accept(NamedRange range, MemorySegment bytes);
    }

    /** Takes a buffer. */
    @FunctionalInterface
    interface BufferSink {
        /** Takes it; the bytes may be reused after the call. */
        void accept(String name, MemorySegment bytes);
    }
}
