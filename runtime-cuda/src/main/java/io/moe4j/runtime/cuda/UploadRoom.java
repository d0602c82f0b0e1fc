package io.moe4j.runtime.cuda;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.driver.Driver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Page-locked host memory for a stream's small uploads. The bytes are copied here at once, and the driver reads them when the stream reaches the copy, so the
 * host need not wait for earlier work of the stream. Example: the tokens of the next step are uploaded while the parameters are updated, and the next step
 * is launched before that update has ended.
 *
 * <p>It has two halves. While uploads fill one, the stream reads the other; the host waits only if it fills both faster than the stream reads them. If the
 * system has no page-locked memory left, there is no such memory, and uploads wait for the stream.
 */
final class UploadRoom implements AutoCloseable {
    /** Bytes of a half, and so of the largest upload through this memory. The ids and labels of 16,384 tokens take 128 KiB. */
    static final long HALF = 1L << 20;
    private static final long ALIGNMENT = 64;

    private static final Logger log = LoggerFactory.getLogger(UploadRoom.class);

    private final CudaDevice device;
    private final List<Optional<CudaEvent>> read = new ArrayList<>(List.of(Optional.empty(), Optional.empty()));
    private @Nullable Memory memory;
    private boolean refused;
    private int half;
    private long used;

    UploadRoom(CudaDevice device) {
        this.device = device;
    }

    /**
     * Copies {@code bytes} bytes into this memory, and returns where they are; empty if they are more than {@link #HALF}, or if there is no such memory.
     *
     * @param stream the stream that will read them
     */
    Optional<MemorySegment> copy(MemorySegment source, long bytes, CudaStream stream) {
        Memory room = bytes > HALF ? null : memory();
        if (room == null) {
            return Optional.empty();
        }
        if (used + bytes > HALF) {
            read.set(half, Optional.of(stream.recordHere()));
            half = 1 - half;
            used = 0;
            read.get(half).ifPresent(event -> Driver.check(JCudaDriver.cuEventSynchronize(event.handle()),
                    "waiting for earlier uploads"));
        }
        MemorySegment place = device.hostBytes(room).asSlice(half * HALF + used, bytes);
        place.copyFrom(source.asSlice(0, bytes));
        used += Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        return Optional.of(place);
    }

    private @Nullable Memory memory() {
        if (memory == null && !refused) {
            try {
                memory = device.allocateHost(2 * HALF, "uploads");
            } catch (DeviceException e) {
                refused = true;
                log.debug("uploads to {} wait for its streams", device.description(), e);
            }
        }
        return memory;
    }

    /** Call it when the stream has read everything. */
    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
