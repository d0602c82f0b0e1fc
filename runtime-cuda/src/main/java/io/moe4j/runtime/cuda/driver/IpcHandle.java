package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import java.lang.reflect.Field;
import jcuda.driver.CUipcMemHandle;
import jcuda.driver.JCudaDriver;

/** The bytes of a CUDA IPC handle, which JCuda keeps in a private field. */
public final class IpcHandle {

    private IpcHandle() {}

    /** The handle of the allocation at {@code address}. */
    public static byte[] export(long address) {
        CUipcMemHandle handle = new CUipcMemHandle();
        Driver.check(JCudaDriver.cuIpcGetMemHandle(handle, Driver.at(address)), "cuIpcGetMemHandle");
        try {
            return ((byte[]) reserved().get(handle)).clone();
        } catch (IllegalAccessException e) {
            throw unreadable(e);
        }
    }

    /** Converts the bytes of a handle that another process has exported. */
    public static CUipcMemHandle decode(byte[] bytes) {
        CUipcMemHandle handle = new CUipcMemHandle();
        try {
            byte[] into = (byte[]) reserved().get(handle);
            System.arraycopy(bytes, 0, into, 0, into.length);
            return handle;
        } catch (IllegalAccessException e) {
            throw unreadable(e);
        }
    }

    private static Field reserved() {
        for (Field field : CUipcMemHandle.class.getDeclaredFields()) {
            if (field.getType() == byte[].class) {
                field.setAccessible(true);
                return field;
            }
        }
        throw unreadable(null);
    }

    private static DeviceException unreadable(@org.jspecify.annotations.Nullable Exception cause) {
        String message = "this version of JCuda does not give access to the bytes of a CUDA IPC handle; use version 12.6.0, or run the ranks as threads";
        return cause == null ? new DeviceException(message) : new DeviceException(message, cause);
    }
}
