package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * A device's primary context, which the CUDA libraries use too. It is retained while open, and must be made current on each thread that calls the
 * driver.
 */
public final class PrimaryContext implements AutoCloseable {
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final int ordinal;
    private final Map<Integer, PrimaryContext> reached = new HashMap<>();
    private boolean closed;

    /** Retains the context of device {@code ordinal}. */
    public PrimaryContext(int ordinal) {
        this.ordinal = ordinal;
        int count = count();
        if (ordinal < 0 || ordinal >= count) {
            throw new DeviceException("CUDA device " + ordinal + " was asked for, and there "
                    + (count == 1 ? "is 1, number 0" : "are " + count + ", numbers 0 to " + (count - 1))
                    + "; choose one of these, or let this process see more (CUDA_VISIBLE_DEVICES)");
        }
        Driver.check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet " + ordinal);
        Driver.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain " + ordinal);
        makeCurrent();
    }

    /** How many devices this process sees. Opens none of them. */
    public static int count() {
        JCudaLibrary.load();
        int initialised = JCudaDriver.cuInit(0);
        if (initialised == CUresult.CUDA_ERROR_NO_DEVICE) {
            return 0;
        }
        Driver.check(initialised, "cuInit");
        int[] count = new int[1];
        Driver.check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
        return count[0];
    }

    /** Makes this the calling thread's context. */
    public void makeCurrent() {
        Driver.check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    /**
     * Whether kernels here can read and write the memory of the GPU at this PCI address. True for a GPU that this process does not see: it may still
     * be reachable through CUDA IPC, which reports its own error.
     */
    public boolean reaches(String otherPciAddress) {
        CUdevice other = new CUdevice();
        if (otherPciAddress.equals(pciAddress())
                || JCudaDriver.cuDeviceGetByPCIBusId(other, otherPciAddress) != CUresult.CUDA_SUCCESS) {
            return true;
        }
        int[] answer = new int[1];
        Driver.check(JCudaDriver.cuDeviceCanAccessPeer(answer, device, other), "cuDeviceCanAccessPeer");
        return answer[0] != 0;
    }

    /** Lets kernels here read and write the memory of another device of this process. Harmless if they already may. */
    public synchronized void reach(int otherOrdinal) {
        if (reached.containsKey(otherOrdinal)) {
            return;
        }
        PrimaryContext other = new PrimaryContext(otherOrdinal);
        makeCurrent();
        int result = JCudaDriver.cuCtxEnablePeerAccess(other.context, 0);
        if (result != CUresult.CUDA_SUCCESS && result != CUresult.CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED) {
            other.close();
            Driver.check(result, "access of device " + ordinal + " to the memory of device " + otherOrdinal);
        }
        reached.put(otherOrdinal, other);
    }

    /** Number of the device. */
    public int ordinal() {
        return ordinal;
    }

    /** Its name, such as "NVIDIA H200". */
    public String name() {
        byte[] name = new byte[256];
        Driver.check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, java.nio.charset.StandardCharsets.US_ASCII);
    }

    /** Its PCI address, such as "0000:17:00.0": it identifies a GPU of the host. */
    public String pciAddress() {
        String[] address = new String[1];
        Driver.check(JCudaDriver.cuDeviceGetPCIBusId(address, 32, device), "cuDeviceGetPCIBusId");
        return address[0];
    }

    /** Bytes of its memory. */
    public long totalBytes() {
        long[] bytes = new long[1];
        Driver.check(JCudaDriver.cuDeviceTotalMem(bytes, device), "cuDeviceTotalMem");
        return bytes[0];
    }

    /** Compute capability as one number, such as 90 for 9.0. */
    public int computeCapability() {
        return 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    /** Bytes of shared memory that a block may ask for. */
    public int sharedBytesPerBlock() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    }

    /** Number of multiprocessors. */
    public int multiprocessors() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    private int attribute(int which) {
        int[] value = new int[1];
        Driver.check(JCudaDriver.cuDeviceGetAttribute(value, which, device), "cuDeviceGetAttribute " + which);
        return value[0];
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            reached.values().forEach(PrimaryContext::close);
            Driver.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
        }
    }
}
