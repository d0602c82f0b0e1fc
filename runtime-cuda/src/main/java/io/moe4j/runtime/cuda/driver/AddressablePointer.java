package io.moe4j.runtime.cuda.driver;

import jcuda.driver.CUdeviceptr;

/** A device pointer whose address can be read; in JCuda the address is protected. */
public final class AddressablePointer extends CUdeviceptr {

    /** The address. */
    public long address() {
        return getNativePointer() + getByteOffset();
    }
}
