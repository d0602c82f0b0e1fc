package io.moe4j.runtime.cuda.peer;

import io.moe4j.runtime.cuda.DeviceTables;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Symmetric memory, with its tables of peer pointers on the device, one for each offset that kernels ask for. */
final class CudaSymmetricMemory implements SymmetricMemory, DeviceTables {
    private static final int MAX_TABLES = 16;

    private final CudaDevice device;
    private final Memory local;
    private final List<Memory> peers;
    private final int self;
    private final Memory tables;
    private final Map<Long, Integer> tableByOffset = new HashMap<>();
    private boolean closed;

    CudaSymmetricMemory(CudaDevice device, Memory local, List<Memory> peers, int self) {
        this.device = device;
        this.local = local;
        this.peers = List.copyOf(peers);
        this.self = self;
        this.tables = device.allocate((long) MAX_TABLES * peers.size() * Long.BYTES, "peer tables");
        tableAddress(0);
    }

    @Override
    public Memory local() {
        return local;
    }

    @Override
    public Memory peer(int index) {
        return peers.get(index);
    }

    @Override
    public synchronized long tableAddress(long byteOffset) {
        int index = tableByOffset.computeIfAbsent(byteOffset, this::writeTable);
        return tables.address() + (long) index * peers.size() * Long.BYTES;
    }

    private int writeTable(long byteOffset) {
        int index = tableByOffset.size();
        if (index >= MAX_TABLES) {
            throw new DeviceException("symmetric memory \"" + local.purpose() + "\" is used at more than " + MAX_TABLES
                    + " different offsets; allocate one memory for each purpose");
        }
        long[] pointers = peers.stream().mapToLong(peer -> peer.address() + byteOffset).toArray();
        device.context().makeCurrent();
        Driver.check(JCudaDriver.cuMemcpyHtoD(Driver.at(tables.address() + (long) index * peers.size() * Long.BYTES),
                Pointer.to(pointers), (long) pointers.length * Long.BYTES), "writing a peer table");
        return index;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (int i = 0; i < peers.size(); i++) {
            if (i != self) {
                peers.get(i).close();
            }
        }
        tables.close();
        local.close();
    }
}
