package io.moe4j.runtime.cuda;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.driver.PrimaryContext;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.bytedeco.javacpp.Pointer;

/**
 * Page-locked memory of the host. It has the same addresses on the device, so kernels and copies can use it like device memory. The C library allocates it,
 * and the driver locks it, because an allocation of JCuda is limited to the 2 GiB of a Java buffer.
 */
final class PinnedMemory {
    private static final long PAGE = 4096;
    private static final int FLAGS = JCudaDriver.CU_MEMHOSTREGISTER_PORTABLE | JCudaDriver.CU_MEMHOSTREGISTER_DEVICEMAP;

    private final PrimaryContext context;
    private final ContextTurns turns;
    private final Set<Memory> live = ConcurrentHashMap.newKeySet();
    private final Map<String, Long> allocated = new TreeMap<>();

    PinnedMemory(PrimaryContext context, ContextTurns turns) {
        this.context = context;
        this.turns = turns;
    }

    /** Whether {@code memory} was allocated here. */
    boolean has(Memory memory) {
        return !live.isEmpty() && live.contains(memory);
    }

    Map<String, Long> allocatedBytes() {
        synchronized (allocated) {
            return Map.copyOf(allocated);
        }
    }

    /** Allocates zeros. */
    Memory allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new DeviceException("\"" + purpose + "\" wants " + bytes + " bytes of the host; sizes are >= 0");
        }
        context.makeCurrent();
        long size = Math.ceilDiv(Math.max(1, bytes), PAGE) * PAGE;
        long installed = Pointer.totalPhysicalBytes();
        if (size > installed) {
            throw refused(bytes, purpose, "the machine has " + installed + " in all");
        }
        Pointer block = Pointer.calloc(1, size + PAGE);
        if (block == null || block.isNull()) {
            throw refused(bytes, purpose, "the system has not as much");
        }
        long address = Math.ceilDiv(block.address(), PAGE) * PAGE;
        // JCuda takes the address from the buffer, and the size from the argument.
        jcuda.Pointer locked = jcuda.Pointer.to(MemorySegment.ofAddress(address).reinterpret(PAGE).asByteBuffer());
        int result = turns.call(() -> JCudaDriver.cuMemHostRegister(locked, size, FLAGS));
        if (result != CUresult.CUDA_SUCCESS) {
            Pointer.free(block);
            throw refused(bytes, purpose, "the driver cannot lock it: " + CUresult.stringFor(result));
        }
        count(purpose, bytes);
        Memory memory = Memory.of(address, bytes, purpose, freed -> free(freed, locked, block));
        live.add(memory);
        return memory;
    }

    private void free(Memory memory, jcuda.Pointer locked, Pointer block) {
        context.makeCurrent();
        live.remove(memory);
        count(memory.purpose(), -memory.bytes());
        int result = turns.call(() -> JCudaDriver.cuMemHostUnregister(locked));
        if (result != CUresult.CUDA_SUCCESS) {
            // The driver may still access this memory, so it must not be freed and reused.
            throw new DeviceException("cuMemHostUnregister of \"" + memory.purpose() + "\" failed with "
                    + CUresult.stringFor(result) + "; its " + memory.bytes() + " bytes stay allocated");
        }
        Pointer.free(block);
    }

    private void count(String purpose, long bytes) {
        synchronized (allocated) {
            allocated.merge(purpose, bytes, Long::sum);
            allocated.values().removeIf(held -> held == 0);
        }
    }

    private DeviceException refused(long bytes, String purpose, String reason) {
        return new DeviceException("\"" + purpose + "\" wants " + bytes + " bytes of the host's memory, and " + reason
                + "; held: " + allocatedBytes()
                + "; do without it (optimizer.offload or checkpoint.background = false), use more ranks on more machines,"
                + " or raise the limit of locked"
                + " memory (ulimit -l)");
    }
}
