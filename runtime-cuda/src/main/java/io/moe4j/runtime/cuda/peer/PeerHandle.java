package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.ThisProcess;
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import io.moe4j.runtime.cuda.driver.IpcHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import jcuda.driver.CUipcMem_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * What a rank tells the other ranks about its memory. In the same process the address is enough; another process opens the CUDA IPC handle.
 *
 * @param process the process that allocated the memory
 * @param ordinal the device that holds it, as that process numbers devices
 * @param address its address in that process
 * @param bytes its size in bytes
 * @param ipc 64 bytes from {@code cuIpcGetMemHandle}, or empty if the driver has no such handles
 */
record PeerHandle(byte[] process, int ordinal, long address, long bytes, byte[] ipc) {
    static PeerHandle of(CudaDevice device, Memory memory) {
        return new PeerHandle(ThisProcess.identity(), device.context().ordinal(), memory.address(), memory.bytes(),
                export(memory));
    }

    private static byte[] export(Memory memory) {
        try {
            return IpcHandle.export(memory.address());
        } catch (DeviceException e) {
            // Only ranks in other processes need it, and they report that it is missing.
            return new byte[0];
        }
    }

    byte[] encode() {
        return ByteBuffer.allocate(ThisProcess.BYTES + Integer.BYTES + 2 * Long.BYTES + ipc.length).put(process)
                .putInt(ordinal).putLong(address).putLong(bytes).put(ipc).array();
    }

    static PeerHandle decode(ByteBuffer bytes) {
        byte[] process = new byte[ThisProcess.BYTES];
        bytes.get(process);
        PeerHandle handle = new PeerHandle(process, bytes.getInt(), bytes.getLong(), bytes.getLong(),
                new byte[bytes.remaining()]);
        bytes.get(handle.ipc);
        return handle;
    }

    /** Whether the memory is of this process, so that its address is enough. */
    boolean isOfThisProcess() {
        return Arrays.equals(process, ThisProcess.identity());
    }

    /** Opens the memory for access by {@code device}. Closing the result does not free the memory of its owner. */
    Memory open(CudaDevice device, String purpose) {
        if (isOfThisProcess()) {
            if (ordinal != device.context().ordinal()) {
                device.turns().run(() -> device.context().reach(ordinal));
            }
            return Memory.borrowed(address, bytes, purpose);
        }
        device.context().makeCurrent();
        AddressablePointer pointer = new AddressablePointer();
        int result = ipc.length == 0 ? CUresult.CUDA_ERROR_NOT_SUPPORTED
                : device.turns().call(() -> JCudaDriver.cuIpcOpenMemHandle(pointer, IpcHandle.decode(ipc),
                        CUipcMem_flags.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
        if (result != CUresult.CUDA_SUCCESS) {
            throw new DeviceException("cannot open memory \"" + purpose + "\" of process "
                    + ByteBuffer.wrap(process).getLong() + " (" + CUresult.stringFor(result)
                    + "); ranks in several processes must see each other's GPUs: same host, same CUDA_VISIBLE_DEVICES, no MIG");
        }
        return Memory.of(pointer.address(), bytes, purpose, closed -> {
            device.context().makeCurrent();
            Driver.check(device.turns().call(() -> JCudaDriver.cuIpcCloseMemHandle(pointer)),
                    "unmapping memory \"" + purpose + "\"");
        });
    }
}
