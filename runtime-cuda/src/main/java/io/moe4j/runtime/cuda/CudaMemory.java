package io.moe4j.runtime.cuda;

import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cuda.driver.AddressablePointer;
import io.moe4j.runtime.cuda.driver.Driver;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.JCudaDriver;

/** Device memory from {@code cuMemAlloc}. */
final class CudaMemory implements Memory {
    private final CudaDevice device;
    private final AddressablePointer pointer;
    private final long bytes;
    private final String purpose;
    private final AtomicBoolean live = new AtomicBoolean(true);

    CudaMemory(CudaDevice device, AddressablePointer pointer, long bytes, String purpose) {
        this.device = device;
        this.pointer = pointer;
        this.bytes = bytes;
        this.purpose = purpose;
    }

    @Override
    public long address() {
        return pointer.address();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public String purpose() {
        return purpose;
    }

    @Override
    public boolean isLive() {
        return live.get();
    }

    @Override
    public void close() {
        if (live.compareAndSet(true, false)) {
            device.context().makeCurrent();
            device.forget(this);
            Driver.check(JCudaDriver.cuMemFree(pointer), "cuMemFree of \"" + purpose + "\"");
        }
    }

    @Override
    public String toString() {
        return purpose + " (" + bytes + " bytes)";
    }
}
