package io.moe4j.runtime.cpu.ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Small off-heap buffers for the tiles of running tasks: taken for the time of a task, then kept for the next one, so that there are about
 * as many as cores. They are freed when their owner is unreachable.
 */
final class Scratch {
    private static final long ALIGNMENT = 64;
    private static final long GRANULE = 1 << 16;

    private final ConcurrentLinkedQueue<MemorySegment> free = new ConcurrentLinkedQueue<>();

    /** Takes a buffer of at least {@code floats} singles; its contents are undefined. */
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

        /** The address of the next {@code floats} singles of the buffer. */
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
