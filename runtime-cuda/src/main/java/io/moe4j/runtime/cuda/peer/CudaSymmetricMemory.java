package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.DeviceTables;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Symmetric memory, with its tables of peer pointers on the device, one for each offset that kernels ask for. */
final class CudaSymmetricMemory implements SymmetricMemory, DeviceTables {
    /** Purpose of the memory for the tables. */
    static final String TABLES = "peer tables";

    private static final int MAX_TABLES = 16;

    private final CudaDevice device;
    private final SharedMemory memory;
    private final Memory tables;
    private final Map<Long, Integer> tableByOffset = new HashMap<>();

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
        int index = tableByOffset.computeIfAbsent(byteOffset, this::writeTable);
        return tables.address() + (long) index * memory.peers().size() * Long.BYTES;
    }

    private int writeTable(long byteOffset) {
        int index = tableByOffset.size();
        if (index >= MAX_TABLES) {
            throw new DeviceException(
                    "symmetric memory \"" + memory.local().purpose() + "\" is used at more than " + MAX_TABLES
                            + " different offsets; allocate one memory for each purpose");
        }
        long[] pointers = memory.peers().stream().mapToLong(peer -> peer.address() + byteOffset).toArray();
        device.context().makeCurrent();
        Driver.check(JCudaDriver.cuMemcpyHtoD(
                Driver.at(tables.address() + (long) index * memory.peers().size() * Long.BYTES),
                Pointer.to(pointers), (long) pointers.length * Long.BYTES), "writing a peer table");
        return index;
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
