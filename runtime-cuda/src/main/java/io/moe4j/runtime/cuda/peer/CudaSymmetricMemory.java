package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.DeviceTables;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.Driver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Symmetric memory, with its tables of peer pointers on the device, one for each offset that kernels ask for. */
final class CudaSymmetricMemory implements SymmetricMemory, DeviceTables {
    /** Purpose of the memory for the tables. */
    static final String TABLES = "peer tables";

    private static final int MAX_TABLES = 16;

    private final CudaDevice device;
    private final SharedMemory memory;
    private final Memory tables;
    /** Where the table of an offset lies on the device. */
    private final Map<Long, Long> tableByOffset = new HashMap<>();

    private CudaSymmetricMemory(CudaDevice device, SharedMemory memory) {
        this.device = device;
        this.memory = memory;
        this.tables = device.allocate(tableBytes(memory.peers().size()), TABLES);
    }

    /** Bytes that the tables take, in addition to the memory itself. */
    static long tableBytes(int ranks) {
        return (long) MAX_TABLES * ranks * Long.BYTES;
    }

    /** Wraps {@code memory}; closes it if the tables cannot be allocated. */
    static CudaSymmetricMemory of(CudaDevice device, SharedMemory memory) {
        try {
            CudaSymmetricMemory symmetric = new CudaSymmetricMemory(device, memory);
            symmetric.tableAddress(0);
            return symmetric;
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public Memory local() {
        return memory.local();
    }

    @Override
    public Memory peer(int index) {
        return memory.peer(index);
    }

    @Override
    public synchronized long tableAddress(long byteOffset) {
        return tableByOffset.computeIfAbsent(byteOffset, this::writeTable);
    }

    /** Writes the next table, and returns its address. */
    private long writeTable(long byteOffset) {
        int index = tableByOffset.size();
        if (index >= MAX_TABLES) {
            throw new DeviceException(
                    "symmetric memory \"" + memory.local().purpose() + "\" is used at more than " + MAX_TABLES
                            + " different offsets; allocate one memory for each purpose");
        }
        long bytes = memory.peers().size() * (long) Long.BYTES;
        long table = tables.address() + index * bytes;
        device.context().makeCurrent();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointers = arena.allocate(bytes, Long.BYTES);
            for (int i = 0; i < memory.peers().size(); i++) {
                pointers.setAtIndex(ValueLayout.JAVA_LONG, i, memory.peers().get(i).address() + byteOffset);
            }
            MemorySegment back = arena.allocate(bytes, Long.BYTES);
            Driver.check(device.turns().call(() -> write(Driver.at(table), pointers, back)), "writing a peer table");
            if (back.mismatch(pointers) >= 0) {
                throw new DeviceException("a peer table of \"" + memory.local().purpose()
                        + "\" was read back with other addresses than were written; report this, with the version of the driver");
            }
        }
        return table;
    }

    /**
     * Writes a table and reads it back. Writing alone may return before the bytes have arrived, because they come from pageable host memory (CUDA's
     * documentation, "API synchronization behavior"). Kernels are launched on other streams, which do not wait for the write: on a GPU that another process
     * kept busy, a first dispatch read addresses from a table that had not arrived. Reading returns only after earlier writes on the same stream have arrived.
     */
    private static int write(CUdeviceptr table, MemorySegment pointers, MemorySegment back) {
        int result = JCudaDriver.cuMemcpyHtoD(table, Pointer.to(pointers.asByteBuffer()), pointers.byteSize());
        return result != CUresult.CUDA_SUCCESS ? result
                : JCudaDriver.cuMemcpyDtoH(Pointer.to(back.asByteBuffer()), table, back.byteSize());
    }

    @Override
    public synchronized void close() {
        try {
            tables.close();
        } finally {
            memory.close();
        }
    }
}
