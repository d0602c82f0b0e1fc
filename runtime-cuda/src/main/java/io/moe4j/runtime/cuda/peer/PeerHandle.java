package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.IpcHandle;
import java.nio.ByteBuffer;
import jcuda.driver.CUipcMem_flags;
import jcuda.driver.JCudaDriver;

/**
 * What a rank tells the others of its memory. In the same process the address is enough; another process opens the CUDA IPC handle.
 *
 * @param process id of the process that allocated it
 * @param address its address there
 * @param bytes its size
 * @param ipc 64 bytes from {@code cuIpcGetMemHandle}
 */
record PeerHandle(long process, long address, long bytes, byte[] ipc) {

    static PeerHandle of(Memory memory) {
        return new PeerHandle(ProcessHandle.current().pid(), memory.address(), memory.bytes(),
                IpcHandle.export(memory.address()));
    }

    byte[] encode() {
        return ByteBuffer.allocate(3 * Long.BYTES + ipc.length).putLong(process).putLong(address).putLong(bytes)
                .put(ipc).array();
    }

    static PeerHandle decode(ByteBuffer bytes) {
        PeerHandle withoutIpc = new PeerHandle(bytes.getLong(), bytes.getLong(), bytes.getLong(),
                new byte[bytes.remaining()]);
        bytes.get(withoutIpc.ipc);
        return withoutIpc;
    }

    /** The memory as this process reaches it. Closing it does not free it for its owner. */
    Memory open(String purpose) {
        if (process == ProcessHandle.current().pid()) {
            return new Borrowed(address, bytes, purpose, () -> {
            });
        }
        AddressablePointer pointer = new AddressablePointer();
        int result = JCudaDriver.cuIpcOpenMemHandle(pointer, IpcHandle.decode(ipc),
                CUipcMem_flags.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS);
        if (result != jcuda.driver.CUresult.CUDA_SUCCESS) {
            throw new DeviceException("cannot open memory \"" + purpose + "\" of process " + process + " (CUDA error "
                    + result
                    + "); ranks in several processes must see each other's GPUs: same host, same CUDA_VISIBLE_DEVICES, no MIG");
        }
        return new Borrowed(pointer.address(), bytes, purpose,
                () -> Driver.check(JCudaDriver.cuIpcCloseMemHandle(pointer), "cuIpcCloseMemHandle"));
    }

    /** Somebody else's memory. */
    private record Borrowed(long address, long bytes, String purpose, Runnable giveBack) implements Memory {
        @Override
        public boolean isLive() {
            return true;
        }

        @Override
        public void close() {
            giveBack.run();
        }
    }
}
