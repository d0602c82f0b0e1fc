package io.moe4j.runtime.cpu.ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Small off-heap buffers for the tiles of running tasks. A task takes a buffer while it runs; then the buffer is kept for the next task, so there are
 * about as many buffers as cores. They are freed when their owner is unreachable.
 */
final class TileScratch {
    private static final long ALIGNMENT = 64;
    private static final long GRANULE = 1 << 16;

    private final ConcurrentLinkedQueue<MemorySegment> free = new ConcurrentLinkedQueue<>();

    /** Takes a buffer of at least {@code floats} fp32 elements; its contents are undefined. */
    Lease take(long floats) {
        long bytes = Math.ceilDiv(4 * floats + ALIGNMENT, GRANULE) * GRANULE;
        @Nullable MemorySegment kept = free.poll();
        return new Lease(kept != null && kept.byteSize() >= bytes ? kept : Arena.ofAuto().allocate(bytes, ALIGNMENT));
    }

    /** A buffer in use. */
    final class Lease implements AutoCloseable {
        private final MemorySegment segment;
        private long used;

        private Lease(MemorySegment segment) {
            this.segment = segment;
        }

        /** The address of the next {@code floats} fp32 elements of the buffer. */
        long floats(long floats) {
            long address = segment.address() + used;
            used += Math.ceilDiv(4 * floats, ALIGNMENT) * ALIGNMENT;
            return address;
        }

        @Override
        public void close() {
            free.add(segment);
        }
    }
}
