package io.moe4j.trainer.checkpoint;

import java.lang.foreign.MemorySegment;

/** The values of one rank as the bytes of a checkpoint: dense and little-endian. */
interface StateBytes {
    /** Names and sizes of the tensors. */
    RankLayout layout();

    /** Gives all tensors of one part in blocks, each once, those of a unit from front to back. */
    void read(ShardKind kind, RangeSink sink);

    /** Gives the model's buffers. */
    void readBuffers(BufferSink sink);

    /** Receives elements of a checkpoint tensor. */
    @FunctionalInterface
    interface RangeSink {
        /** Receives elements; the bytes may be reused after the call. */
        void accept(NamedRange range, MemorySegment bytes);
    }

    /** Receives a buffer of the model. */
    @FunctionalInterface
    interface BufferSink {
        /** Receives a buffer; the bytes may be reused after the call. */
        void accept(String name, MemorySegment bytes);
    }
}
